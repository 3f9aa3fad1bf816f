#ifndef FARGATE_TESTS_SUPPORT_TLS_SERVER_HPP
#define FARGATE_TESTS_SUPPORT_TLS_SERVER_HPP

#include "loopback.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing_support {

template <auto Free>
struct freed_by {
    template <class Object>
    void operator()(Object* object) const {
        Free(object);
    }
};
using x509 = std::unique_ptr<X509, freed_by<X509_free>>;
using private_key = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;

/// A certificate with its key.
struct identity {
    x509 certificate;
    private_key key;
};

inline std::string text_of(BIO* memory) {
    char* bytes = nullptr;
    auto const size = BIO_get_mem_data(memory, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

inline std::string pem_of(x509 const& certificate) {
    std::unique_ptr<BIO, freed_by<BIO_free_all>> const memory{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(memory.get(), certificate.get());
    return text_of(memory.get());
}

inline std::string pem_of(private_key const& key) {
    std::unique_ptr<BIO, freed_by<BIO_free_all>> const memory{BIO_new(BIO_s_mem())};
    PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(memory.get());
}

/// From when to when a certificate holds, in seconds from now.
struct validity {
    long from = -3600;
    long until = 3600;
};

/// A certificate authority of the test's own, and what it issues.
class authority {
public:
    friend identity self_signed(std::string const& names);

    explicit authority(char const* name = "fargate test authority") :
        own_{make(name, {}, nullptr, "critical,CA:TRUE", "")} {}

    /// A server certificate for subject alternative names, e.g. `IP:127.0.0.1`.
    [[nodiscard]] identity issue(std::string const& names, validity when = {}) const {
        return make("fargate test server", when, &own_, "critical,CA:FALSE", names);
    }

    [[nodiscard]] std::string pem() const { return pem_of(own_.certificate); }
    [[nodiscard]] X509* certificate() const { return own_.certificate.get(); }

    /// The file name under which a hashed directory holds it.
    [[nodiscard]] std::string hashed_name() const {
        char name[32];
        std::snprintf(name, sizeof name, "%08lx.0", X509_subject_name_hash(own_.certificate.get()));
        return name;
    }

private:
    static identity make(char const* name, validity when, identity const* issuer, char const* constraints,
                         std::string const& names) {
        identity made{x509{X509_new()}, private_key{EVP_EC_gen("P-256")}};
        X509* const certificate = made.certificate.get();
        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer != nullptr ? 2 : 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), when.from);
        X509_gmtime_adj(X509_getm_notAfter(certificate), when.until);
        X509_set_pubkey(certificate, made.key.get());
        auto const* text = reinterpret_cast<unsigned char const*>(name);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, text, -1, -1, 0);
        X509* const signer = issuer != nullptr ? issuer->certificate.get() : certificate;
        X509_set_issuer_name(certificate, X509_get_subject_name(signer));
        add(certificate, signer, NID_basic_constraints, constraints);
        if (issuer == nullptr) add(certificate, signer, NID_key_usage, "critical,keyCertSign");
        if (!names.empty()) add(certificate, signer, NID_subject_alt_name, names.c_str());
        X509_sign(certificate, issuer != nullptr ? issuer->key.get() : made.key.get(), EVP_sha256());
        return made;
    }

    static void add(X509* certificate, X509* issuer, int kind, char const* value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
        std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> const extension{
            X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
        X509_add_ext(certificate, extension.get(), -1);
    }

    identity own_;
};

/// A certificate that nobody but itself issued.
inline identity self_signed(std::string const& names) {
    return authority::make("fargate test server", {}, nullptr, "critical,CA:FALSE", names);
}

/// A directory of its own below the system's temporary one, gone with the object.
class scratch {
public:
    scratch() {
        char const* const base = ::getenv("TMPDIR");
        path_ = std::string{base != nullptr ? base : "/tmp"} + "/fargate-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) std::perror("a scratch directory");
    }
    scratch(scratch const&) = delete;
    scratch& operator=(scratch const&) = delete;
    ~scratch() {
        for (auto const& each : files_) ::unlink(each.c_str());
        ::rmdir(path_.c_str());
    }

    /// Writes a file and says where it is.
    std::string write(std::string const& name, std::string_view text) {
        files_.push_back(path_ + '/' + name);
        std::unique_ptr<std::FILE, freed_by<std::fclose>> const file{std::fopen(files_.back().c_str(), "wb")};
        if (file) std::fwrite(text.data(), 1, text.size(), file.get());
        return files_.back();
    }
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
    std::vector<std::string> files_;
};

/// How a server behaves.
struct tls_manners {
    bool tunnelled = false; ///< poses as a proxy first: begins with a CONNECT in the clear, which it grants
    authority const* of_clients = nullptr; ///< speaks only to those who show a certificate of this authority
    int newest = 0;                        ///< the newest version that it knows: TLS1_1_VERSION, ...; 0 is all
    bool once = false;                     ///< ends each connection after one answer
};

/// An HTTPS server on the loopback, which answers requests by a function of their bytes.
class tls_server {
public:
    using answers = std::function<std::string(std::string const&)>;

    tls_server(identity own, answers answer, tls_manners manners = {}) :
        context_{SSL_CTX_new(TLS_server_method())}, answer_{std::move(answer)}, manners_{manners} {
        SSL_CTX_use_certificate(context_.get(), own.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), own.key.get());
        if (manners.newest != 0) {
            SSL_CTX_set_security_level(context_.get(), 0); // else the old versions' signatures are not offered
            SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
            SSL_CTX_set_max_proto_version(context_.get(), manners.newest);
        }
        if (manners.of_clients == nullptr) return;
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), manners.of_clients->certificate());
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }

    /// Gives every request the same answer.
    tls_server(identity own, std::string answer, tls_manners manners = {}) :
        tls_server{std::move(own), [answer = std::move(answer)](std::string const&) { return answer; }, manners} {}

    [[nodiscard]] std::string url(std::string_view target = "/") const { return server_.url(target, "https"); }
    [[nodiscard]] loopback const& transport() const { return server_; }

    /// What came through the encryption, a request each.
    [[nodiscard]] std::vector<std::string> requests() const {
        std::scoped_lock const lock{mutex_};
        return requests_;
    }

    /// For each connection whose handshake came to its end: it took up the session of one before.
    [[nodiscard]] std::vector<bool> resumed() const {
        std::scoped_lock const lock{mutex_};
        return resumed_;
    }

private:
    void serve(loopback::peer& peer) {
        sigset_t sigpipe;
        sigemptyset(&sigpipe);
        sigaddset(&sigpipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &sigpipe, nullptr);
        if (manners_.tunnelled && (!peer.request() || !peer.send("HTTP/1.1 200 Granted\r\nX-Proxy: yes\r\n\r\n")))
            return;
        std::unique_ptr<SSL, freed_by<SSL_free>> const session{SSL_new(context_.get())};
        SSL_set_fd(session.get(), peer.native());
        if (SSL_accept(session.get()) != 1) return;
        {
            std::scoped_lock const lock{mutex_};
            resumed_.push_back(SSL_session_reused(session.get()) == 1);
        }
        std::string request;
        char bytes[4096];
        for (int size = 0; (size = SSL_read(session.get(), bytes, sizeof bytes)) > 0 && request.size() < 1024 * 1024;) {
            request.append(bytes, static_cast<std::size_t>(size));
            if (request_size(request) > request.size()) continue;
            auto const answer = answer_(request);
            {
                std::scoped_lock const lock{mutex_};
                requests_.push_back(std::exchange(request, {}));
            }
            if (SSL_write(session.get(), answer.data(), static_cast<int>(answer.size())) <= 0) return;
            if (manners_.once) break;
        }
        SSL_shutdown(session.get());
    }

    std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>> context_;
    answers answer_;
    tls_manners manners_;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::vector<bool> resumed_;
    loopback server_{[this](loopback::peer& peer) { serve(peer); }};
};

} // namespace testing_support

#endif
