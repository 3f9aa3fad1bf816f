# shellcheck shell=sh
# What the two commands need, sourced by tests/run and examples/demo.
#
#   prerequisites build [tests] [all]
#
# Looks for every thing of the named groups. On Debian 12, as root or with a sudo that asks nothing, installs what is
# missing; elsewhere names all that is missing and ends the script. Asks nothing and reads no input.

# Each line: group, probe, Debian's package, what to look for elsewhere.
prerequisites_table() {
    cat <<'TABLE'
build|compiler|g++|a C++20 compiler (g++ 12, clang 14, or newer) as c++ or $CXX
build|cmake|cmake|CMake 3.25 or newer
build|command ninja|ninja-build|ninja
build|header curl/curl.h|libcurl4-openssl-dev|libcurl and its headers
build|trust|ca-certificates|the certificates that this system trusts
build|header openssl/evp.h|libssl-dev|OpenSSL and its headers
build|header nlohmann/json.hpp|nlohmann-json3-dev|nlohmann_json
build|header CLI/CLI.hpp|libcli11-dev|CLI11
build|header toml++/toml.h|libtomlplusplus-dev|toml++
build|header microhttpd.h|libmicrohttpd-dev|GNU libmicrohttpd
tests|catch|catch2|Catch2, version 2 or 3
tests|command pkg-config|pkg-config|pkg-config
tests|command python3|python3|Python 3
tests|command ccache|ccache|ccache
tests|command clang-format-14|clang-format-14|clang-format 14
all|command clang++|clang|clang++
all|sanitizers|libclang-rt-14-dev|clang's sanitizers and libFuzzer
all|command clang-tidy-14|clang-tidy-14|clang-tidy 14
all|command valgrind|valgrind|valgrind
all|header unicode/utrans.h|libicu-dev|ICU and its headers
all|venv|python3-venv|Python's venv module
TABLE
}

# True when the compiler, or without one the usual folders, has this header.
prerequisites_header() {
    if command -v "${CXX:-c++}" >/dev/null 2>&1; then
        printf '#include <%s>\n' "$1" | "${CXX:-c++}" -std=c++20 -E -x c++ - >/dev/null 2>&1
        return
    fi
    for folder in /usr/include /usr/include/*-linux-gnu /usr/local/include; do
        if [ -e "$folder/$1" ]; then return 0; fi
    done
    return 1
}

prerequisites_probe() {
    case $1 in
    command) command -v "$2" >/dev/null 2>&1 ;;
    header) prerequisites_header "$2" ;;
    catch) prerequisites_header catch2/catch_all.hpp || prerequisites_header catch2/catch.hpp ;;
    trust)
        for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
            if [ -e "$file" ]; then return 0; fi
        done
        return 1
        ;;
    sanitizers)
        made=$(mktemp) || return 1
        found=yes
        for kind in fuzzer,address,undefined fuzzer,thread; do
            printf 'extern "C" int LLVMFuzzerTestOneInput(unsigned char const*, unsigned long) { return 0; }\n' |
                clang++ "-fsanitize=$kind" -x c++ - -o "$made" >/dev/null 2>&1 || found=
        done
        rm -f "$made"
        [ -n "$found" ]
        ;;
    venv) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
    cmake)
        version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version \([0-9.]*\).*/\1/p')
        [ -n "$version" ] && [ "$(printf '%s\n3.25\n' "$version" | sort -V | head -n 1)" = 3.25 ]
        ;;
    compiler)
        printf '#include <concepts>\n#include <stop_token>\nint main() { std::stop_token stop; return stop.stop_possible(); }\n' |
            "${CXX:-c++}" -std=c++20 -fsyntax-only -x c++ - >/dev/null 2>&1
        ;;
    esac
}

# Sets $packages and $things to what the groups lack.
prerequisites_look() {
    packages=
    things=
    while IFS='|' read -r group probe package thing; do
        case " $1 " in *" $group "*) ;; *) continue ;; esac
        # shellcheck disable=SC2086 # the probe is a word and its argument
        if prerequisites_probe $probe; then continue; fi
        packages="$packages $package"
        things="$things
  $thing (Debian: $package)"
    done <<TABLE
$(prerequisites_table)
TABLE
}

prerequisites() {
    prerequisites_look "$*"
    if [ -z "$packages" ]; then return 0; fi
    as_root=
    if [ "$(id -u)" != 0 ]; then as_root='sudo -n'; fi
    if grep -qs '^ID=debian$' /etc/os-release && grep -qs '^VERSION_ID="12"$' /etc/os-release &&
        $as_root true 2>/dev/null; then
        echo "installing:$packages"
        # shellcheck disable=SC2086 # words
        if $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null &&
            $as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get -qq install -y --no-install-recommends $packages </dev/null >/dev/null; then
            prerequisites_look "$*"
        fi
        if [ -z "$packages" ]; then return 0; fi
    fi
    echo "missing, and not to be installed from here:$things" >&2
    exit 1
}
