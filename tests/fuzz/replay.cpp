// Hands every file of the named folders to a target, once, where there is no libFuzzer: whatever a fuzzer found is a
// test with every compiler.
#include "fuzz/fuzz.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

int main(int argc, char* argv[]) {
    std::size_t inputs = 0;
    for (int i = 1; i < argc; ++i) {
        for (auto const& each : std::filesystem::directory_iterator{argv[i]}) {
            std::ifstream file{each.path(), std::ios::binary};
            std::string const text{std::istreambuf_iterator<char>{file}, {}};
            std::printf("%s\n", each.path().filename().c_str());
            std::fflush(stdout); // the last one named is the one that fails
            LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(text.data()), text.size());
            ++inputs;
        }
    }
    std::printf("%zu inputs\n", inputs);
    return inputs == 0 ? 1 : 0;
}
