#include "scenarios/crew.hpp"
