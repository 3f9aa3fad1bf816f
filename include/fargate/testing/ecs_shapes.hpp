#ifndef FARGATE_TESTING_ECS_SHAPES_HPP
#define FARGATE_TESTING_ECS_SHAPES_HPP

#include <string_view>

namespace fargate::inline v0::testing {

/// A shape of a service's model. `members` reads `name:type` with a blank between, `name!:type` for one that must be there.
/// Types are `text`, `int`, `flag`, `[type]`, `{type}` (a map of text), `=Name` (one of that `choice`'s words) and the name
/// of another shape.
struct shape {
    std::string_view name;
    std::string_view members;
};

/// An enumeration of the model.
struct choice {
    std::string_view name;
    std::string_view words;
};

// clang-format off

/// What the served operations take (Amazon ECS API Reference, version 2014-11-13).
inline constexpr shape ecs_shapes[] = {
    {"RegisterTaskDefinitionRequest",
     "family!:text taskRoleArn:text executionRoleArn:text networkMode:=NetworkMode "
     "containerDefinitions!:[ContainerDefinition] volumes:[Volume] "
     "placementConstraints:[TaskDefinitionPlacementConstraint] requiresCompatibilities:[=Compatibility] "
     "cpu:text memory:text tags:[Tag] pidMode:=PidMode ipcMode:=IpcMode "
     "proxyConfiguration:ProxyConfiguration inferenceAccelerators:[InferenceAccelerator] "
     "ephemeralStorage:EphemeralStorage runtimePlatform:RuntimePlatform enableFaultInjection:flag"},
    {"ContainerDefinition",
     "name:text image:text repositoryCredentials:RepositoryCredentials cpu:int memory:int "
     "memoryReservation:int links:[text] portMappings:[PortMapping] essential:flag "
     "restartPolicy:ContainerRestartPolicy entryPoint:[text] command:[text] environment:[KeyValuePair] "
     "environmentFiles:[EnvironmentFile] mountPoints:[MountPoint] volumesFrom:[VolumeFrom] "
     "linuxParameters:LinuxParameters secrets:[Secret] dependsOn:[ContainerDependency] startTimeout:int "
     "stopTimeout:int versionConsistency:=VersionConsistency hostname:text user:text "
     "workingDirectory:text disableNetworking:flag privileged:flag readonlyRootFilesystem:flag "
     "dnsServers:[text] dnsSearchDomains:[text] extraHosts:[HostEntry] dockerSecurityOptions:[text] "
     "interactive:flag pseudoTerminal:flag dockerLabels:{text} ulimits:[Ulimit] "
     "logConfiguration:LogConfiguration healthCheck:HealthCheck systemControls:[SystemControl] "
     "resourceRequirements:[ResourceRequirement] firelensConfiguration:FirelensConfiguration "
     "credentialSpecs:[text]"},
    {"RepositoryCredentials", "credentialsParameter!:text"},
    {"PortMapping",
     "containerPort:int hostPort:int protocol:=TransportProtocol name:text "
     "appProtocol:=ApplicationProtocol containerPortRange:text"},
    {"ContainerRestartPolicy", "enabled!:flag ignoredExitCodes:[int] restartAttemptPeriod:int"},
    {"KeyValuePair", "name:text value:text"},
    {"EnvironmentFile", "value!:text type!:=EnvironmentFileType"},
    {"MountPoint", "sourceVolume:text containerPath:text readOnly:flag"},
    {"VolumeFrom", "sourceContainer:text readOnly:flag"},
    {"LinuxParameters",
     "capabilities:KernelCapabilities devices:[Device] initProcessEnabled:flag sharedMemorySize:int "
     "tmpfs:[Tmpfs] maxSwap:int swappiness:int"},
    {"KernelCapabilities", "add:[text] drop:[text]"},
    {"Device", "hostPath!:text containerPath:text permissions:[=DeviceCgroupPermission]"},
    {"Tmpfs", "containerPath!:text size!:int mountOptions:[text]"},
    {"Secret", "name!:text valueFrom!:text"},
    {"ContainerDependency", "containerName!:text condition!:=ContainerCondition"},
    {"HostEntry", "hostname!:text ipAddress!:text"},
    {"Ulimit", "name!:=UlimitName softLimit!:int hardLimit!:int"},
    {"LogConfiguration", "logDriver!:=LogDriver options:{text} secretOptions:[Secret]"},
    {"HealthCheck", "command!:[text] interval:int timeout:int retries:int startPeriod:int"},
    {"SystemControl", "namespace:text value:text"},
    {"ResourceRequirement", "value!:text type!:=ResourceType"},
    {"FirelensConfiguration", "type!:=FirelensConfigurationType options:{text}"},
    {"Volume",
     "name:text host:HostVolumeProperties dockerVolumeConfiguration:DockerVolumeConfiguration "
     "efsVolumeConfiguration:EFSVolumeConfiguration s3filesVolumeConfiguration:S3FilesVolumeConfiguration "
     "fsxWindowsFileServerVolumeConfiguration:FSxWindowsFileServerVolumeConfiguration "
     "configuredAtLaunch:flag"},
    {"HostVolumeProperties", "sourcePath:text"},
    {"DockerVolumeConfiguration", "scope:=Scope autoprovision:flag driver:text driverOpts:{text} labels:{text}"},
    {"EFSVolumeConfiguration",
     "fileSystemId!:text rootDirectory:text transitEncryption:=EFSTransitEncryption "
     "transitEncryptionPort:int authorizationConfig:EFSAuthorizationConfig"},
    {"EFSAuthorizationConfig", "accessPointId:text iam:=EFSAuthorizationConfigIAM"},
    {"S3FilesVolumeConfiguration",
     "fileSystemArn!:text rootDirectory:text transitEncryptionPort:int accessPointArn:text"},
    {"FSxWindowsFileServerVolumeConfiguration",
     "fileSystemId!:text rootDirectory!:text authorizationConfig!:FSxWindowsFileServerAuthorizationConfig"},
    {"FSxWindowsFileServerAuthorizationConfig", "credentialsParameter!:text domain!:text"},
    {"TaskDefinitionPlacementConstraint", "type:=TaskDefinitionPlacementConstraintType expression:text"},
    {"Tag", "key:text value:text"},
    {"ProxyConfiguration", "type:=ProxyConfigurationType containerName!:text properties:[KeyValuePair]"},
    {"InferenceAccelerator", "deviceName!:text deviceType!:text"},
    {"EphemeralStorage", "sizeInGiB!:int"},
    {"RuntimePlatform", "cpuArchitecture:=CPUArchitecture operatingSystemFamily:=OSFamily"},
    {"DescribeTaskDefinitionRequest", "taskDefinition!:text include:[=TaskDefinitionField]"},
    {"ListTaskDefinitionsRequest",
     "familyPrefix:text status:=TaskDefinitionStatus sort:=SortOrder nextToken:text maxResults:int"},
    {"DeregisterTaskDefinitionRequest", "taskDefinition!:text"},
    {"RunTaskRequest",
     "capacityProviderStrategy:[CapacityProviderStrategyItem] cluster:text count:int "
     "enableECSManagedTags:flag enableExecuteCommand:flag group:text launchType:=LaunchType "
     "networkConfiguration:NetworkConfiguration overrides:TaskOverride "
     "placementConstraints:[PlacementConstraint] placementStrategy:[PlacementStrategy] "
     "platformVersion:text propagateTags:=PropagateTags referenceId:text startedBy:text tags:[Tag] "
     "taskDefinition!:text clientToken:text volumeConfigurations:[TaskVolumeConfiguration]"},
    {"CapacityProviderStrategyItem", "capacityProvider!:text weight:int base:int"},
    {"NetworkConfiguration", "awsvpcConfiguration:AwsVpcConfiguration"},
    {"AwsVpcConfiguration", "subnets!:[text] securityGroups:[text] assignPublicIp:=AssignPublicIp"},
    {"TaskOverride",
     "containerOverrides:[ContainerOverride] cpu:text "
     "inferenceAcceleratorOverrides:[InferenceAcceleratorOverride] executionRoleArn:text memory:text "
     "taskRoleArn:text ephemeralStorage:EphemeralStorage"},
    {"ContainerOverride",
     "name:text command:[text] environment:[KeyValuePair] environmentFiles:[EnvironmentFile] cpu:int "
     "memory:int memoryReservation:int resourceRequirements:[ResourceRequirement]"},
    {"InferenceAcceleratorOverride", "deviceName:text deviceType:text"},
    {"PlacementConstraint", "type:=PlacementConstraintType expression:text"},
    {"PlacementStrategy", "type:=PlacementStrategyType field:text"},
    {"TaskVolumeConfiguration", "name!:text managedEBSVolume:TaskManagedEBSVolumeConfiguration"},
    {"TaskManagedEBSVolumeConfiguration",
     "encrypted:flag kmsKeyId:text volumeType:text sizeInGiB:int snapshotId:text "
     "volumeInitializationRate:int iops:int throughput:int tagSpecifications:[EBSTagSpecification] "
     "roleArn!:text terminationPolicy:TaskManagedEBSVolumeTerminationPolicy "
     "filesystemType:=TaskFilesystemType"},
    {"EBSTagSpecification", "resourceType!:=EBSResourceType tags:[Tag] propagateTags:=PropagateTags"},
    {"TaskManagedEBSVolumeTerminationPolicy", "deleteOnTermination!:flag"},
    {"DescribeTasksRequest", "cluster:text tasks!:[text] include:[=TaskField]"},
    {"StopTaskRequest", "cluster:text task!:text reason:text"},
    {"ListTasksRequest",
     "cluster:text containerInstance:text family:text nextToken:text maxResults:int startedBy:text "
     "serviceName:text desiredStatus:=DesiredStatus launchType:=LaunchType"},
    {"DescribeClustersRequest", "clusters:[text] include:[=ClusterField]"},
};

inline constexpr choice ecs_choices[] = {
    {"NetworkMode", "bridge host awsvpc none"},
    {"TransportProtocol", "tcp udp"},
    {"ApplicationProtocol", "http http2 grpc"},
    {"EnvironmentFileType", "s3"},
    {"DeviceCgroupPermission", "read write mknod"},
    {"ContainerCondition", "START COMPLETE SUCCESS HEALTHY"},
    {"VersionConsistency", "enabled disabled"},
    {"UlimitName",
     "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack"},
    {"LogDriver", "json-file syslog journald gelf fluentd awslogs splunk awsfirelens"},
    {"ResourceType", "GPU InferenceAccelerator NeuronDevice"},
    {"FirelensConfigurationType", "fluentd fluentbit"},
    {"Scope", "task shared"},
    {"EFSTransitEncryption", "ENABLED DISABLED"},
    {"EFSAuthorizationConfigIAM", "ENABLED DISABLED"},
    {"TaskDefinitionPlacementConstraintType", "memberOf"},
    {"Compatibility", "EC2 FARGATE EXTERNAL MANAGED_INSTANCES"},
    {"PidMode", "host task"},
    {"IpcMode", "host task none"},
    {"ProxyConfigurationType", "APPMESH"},
    {"CPUArchitecture", "X86_64 ARM64"},
    {"OSFamily",
     "WINDOWS_SERVER_2019_FULL WINDOWS_SERVER_2019_CORE WINDOWS_SERVER_2016_FULL WINDOWS_SERVER_2004_CORE "
     "WINDOWS_SERVER_2022_CORE WINDOWS_SERVER_2022_FULL WINDOWS_SERVER_2025_CORE WINDOWS_SERVER_2025_FULL "
     "WINDOWS_SERVER_20H2_CORE LINUX"},
    {"TaskDefinitionField", "TAGS"},
    {"TaskDefinitionStatus", "ACTIVE INACTIVE DELETE_IN_PROGRESS"},
    {"SortOrder", "ASC DESC"},
    {"LaunchType", "EC2 FARGATE EXTERNAL MANAGED_INSTANCES"},
    {"AssignPublicIp", "ENABLED DISABLED"},
    {"PlacementConstraintType", "distinctInstance memberOf"},
    {"PlacementStrategyType", "random spread binpack"},
    {"PropagateTags", "TASK_DEFINITION SERVICE NONE"},
    {"EBSResourceType", "volume"},
    {"TaskFilesystemType", "ext3 ext4 xfs ntfs"},
    {"TaskField", "TAGS"},
    {"DesiredStatus", "RUNNING PENDING STOPPED"},
    {"ClusterField", "ATTACHMENTS CONFIGURATIONS SETTINGS STATISTICS TAGS"},
};

// clang-format on

} // namespace fargate::inline v0::testing

#endif
