#ifndef FARGATE_AWS_CHECKSUM_HPP
#define FARGATE_AWS_CHECKSUM_HPP

#include <fargate/crypto/openssl.hpp>
#include <fargate/http/fields.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/base64.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::aws {

/// The checksums that S3 keeps of an object.
enum class checksum_algorithm : unsigned char { crc32, crc32c, crc64nvme, sha1, sha256 };

/// As in `x-amz-checksum-<name>`.
[[nodiscard]] constexpr std::string_view name_of(checksum_algorithm which) noexcept {
    switch (which) {
    case checksum_algorithm::crc32: return "crc32";
    case checksum_algorithm::crc32c: return "crc32c";
    case checksum_algorithm::crc64nvme: return "crc64nvme";
    case checksum_algorithm::sha1: return "sha1";
    case checksum_algorithm::sha256: return "sha256";
    }
    return "unknown";
}

namespace detail {

/// A CRC that takes bits from the lowest on, begins with ones and ends inverted, as the three of S3 do. `Polynomial` is the
/// reflected one. Four bytes a step.
template <class Word, Word Polynomial>
struct reflected_crc {
    struct tables {
        Word step[4][256];
    };

    [[nodiscard]] static constexpr tables make() noexcept {
        tables made{};
        auto& first = made.step[0];
        Word crc = 1;
        for (std::size_t bit = 128; bit != 0; bit /= 2) { // the CRC is linear: of two bytes together it is that of both
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? Polynomial : 0U);
            for (std::size_t byte = 0; byte != 256; byte += 2 * bit) first[byte + bit] = crc ^ first[byte];
        }
        for (std::size_t step = 1; step != 4; ++step)
            for (std::size_t byte = 0; byte != 256; ++byte) {
                Word const before = made.step[step - 1][byte];
                made.step[step][byte] = (before >> 8U) ^ first[before & 0xFFU];
            }
        return made;
    }
    static constexpr tables table = make();

    /// The CRC of what gave `crc` (0 for nothing) with `bytes` behind it.
    [[nodiscard]] static constexpr Word of(std::string_view bytes, Word crc = 0) noexcept {
        auto const& step = table.step;
        crc = static_cast<Word>(~crc);
        while (bytes.size() >= 4) {
            Word rest = 0;
            if constexpr (sizeof(Word) > 4) rest = crc >> 32U;
            crc = step[3][(crc ^ byte_of(bytes[0])) & 0xFFU] ^ step[2][((crc >> 8U) ^ byte_of(bytes[1])) & 0xFFU] ^
                  step[1][((crc >> 16U) ^ byte_of(bytes[2])) & 0xFFU] ^
                  step[0][((crc >> 24U) ^ byte_of(bytes[3])) & 0xFFU] ^ rest;
            bytes.remove_prefix(4);
        }
        for (char const c : bytes) crc = (crc >> 8U) ^ step[0][(crc ^ byte_of(c)) & 0xFFU];
        return static_cast<Word>(~crc);
    }

    [[nodiscard]] static constexpr Word byte_of(char c) noexcept { return static_cast<unsigned char>(c); }
};

} // namespace detail

/// CRC-32 of IEEE 802.3.
using crc32 = detail::reflected_crc<std::uint32_t, 0xEDB88320U>;
/// CRC-32C of RFC 9260 (Castagnoli).
using crc32c = detail::reflected_crc<std::uint32_t, 0x82F63B78U>;
/// CRC-64/NVME, of the NVM Express command set.
using crc64nvme = detail::reflected_crc<std::uint64_t, 0x9A6C9329AC4BC9B5U>;

/// A checksum of bytes that come piece by piece. Not for two threads at once.
class checksum {
public:
    explicit checksum(checksum_algorithm which) : which_{which} {
        if (which == checksum_algorithm::sha1) hash_.emplace(crypto::hash_kind::sha1);
        if (which == checksum_algorithm::sha256) hash_.emplace(crypto::hash_kind::sha256);
    }

    void add(std::string_view bytes) {
        switch (which_) {
        case checksum_algorithm::crc32: crc_ = crc32::of(bytes, static_cast<std::uint32_t>(crc_)); break;
        case checksum_algorithm::crc32c: crc_ = crc32c::of(bytes, static_cast<std::uint32_t>(crc_)); break;
        case checksum_algorithm::crc64nvme: crc_ = crc64nvme::of(bytes, crc_); break;
        case checksum_algorithm::sha1:
        case checksum_algorithm::sha256: hash_->add(bytes);
        }
    }

    /// What it is of all bytes so far, as `x-amz-checksum-*` holds it: base64, of a CRC the highest byte first. Ends it.
    [[nodiscard]] std::string finish() {
        if (hash_) return text::base64(hash_->finish());
        std::string bytes;
        for (unsigned shift = which_ == checksum_algorithm::crc64nvme ? 64 : 32; shift != 0; shift -= 8)
            bytes += static_cast<char>(static_cast<unsigned char>(crc_ >> (shift - 8)));
        return text::base64(bytes);
    }

private:
    checksum_algorithm which_;
    std::uint64_t crc_ = 0;
    std::optional<crypto::running_hash> hash_{};
};

/// A checksum as a service announces it.
struct announced_checksum {
    checksum_algorithm algorithm = checksum_algorithm::crc32;
    std::string value{}; ///< base64
};

/// The checksum of a whole object that the fields of an answer hold; of several the quickest. Checksums of checksums
/// (`x-amz-checksum-type: COMPOSITE`, or a value that ends with `-` and the number of parts), which multipart uploads leave
/// behind, say nothing about the bytes and are passed over.
[[nodiscard]] inline std::optional<announced_checksum> announced_checksum_of(http::fields const& headers) {
    if (text::iequals(headers.value_of("x-amz-checksum-type"), "COMPOSITE")) return std::nullopt;
    for (auto const each : {checksum_algorithm::crc64nvme, checksum_algorithm::crc32c, checksum_algorithm::crc32,
                            checksum_algorithm::sha1, checksum_algorithm::sha256}) {
        auto const value = headers.value_of("x-amz-checksum-" + std::string{name_of(each)});
        if (!value.empty() && value.find('-') == std::string_view::npos)
            return announced_checksum{each, std::string{value}};
    }
    return std::nullopt;
}

} // namespace fargate::inline v0::aws

#endif
