# Builds what is measured, optimised, in a build tree of its own: cmake -D SOURCE=. -D BUILD=folder -D COMPILER=c++ -P build.cmake
execute_process(
    COMMAND
        ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -D CMAKE_BUILD_TYPE=Release -D CMAKE_CXX_COMPILER=${COMPILER}
        -D FARGATE_CHECKS=OFF
    COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target fargate_bench fargate_idle_floor fargate-agent COMMAND_ERROR_IS_FATAL ANY)
