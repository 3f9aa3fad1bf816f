// The least that a C++ program with libcurl and OpenSSL holds: it posts a few bytes once, keeps the answer, takes an HMAC, and
// waits until its standard input ends.
//
// usage: idle_floor URL

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdio>
#include <string>
#include <unistd.h>

int main(int count, char* words[]) {
    if (count != 2) return 2;
    unsigned char made[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    HMAC(EVP_sha256(), "key", 3, reinterpret_cast<unsigned char const*>("{}"), 2, made, &size);
    std::string answer;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL* const curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, words[1]);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{}");
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(
        curl, CURLOPT_WRITEFUNCTION, +[](char* bytes, size_t, size_t length, void* into) {
            static_cast<std::string*>(into)->append(bytes, length);
            return length;
        });
    if (curl_easy_perform(curl) != CURLE_OK) return 1;
    std::puts("\"ready\"");
    std::fflush(stdout);
    for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
    }
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return 0;
}
