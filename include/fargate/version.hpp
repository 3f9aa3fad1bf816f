#ifndef FARGATE_VERSION_HPP
#define FARGATE_VERSION_HPP

// The one place the version is written; CMake and the amalgamation read it from here.
#define FARGATE_VERSION_MAJOR 0
#define FARGATE_VERSION_MINOR 1
#define FARGATE_VERSION_PATCH 0
#define FARGATE_VERSION_STRING "0.1.0"

#endif
