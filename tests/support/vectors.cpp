// Declared in vectors.hpp, which costs a document library.
namespace testing_support {

char const* vectors_folder() noexcept { return FARGATE_VECTORS; }

} // namespace testing_support
