#include "tests/support/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

#include "eventtime/check.h"

namespace tocsin::tests {

namespace {

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), &X509_EXTENSION_free);
  TOCSIN_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
               "OpenSSL makes extensions");
}

}  // namespace

Certificate make_certificate(const std::string& host, long valid_seconds) {
  constexpr long kAgo = 3600;
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), &X509_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> certificate(BIO_new(BIO_s_mem()), &BIO_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> secret(BIO_new(BIO_s_mem()), &BIO_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kAgo);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), valid_seconds - kAgo);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos;
  add_extension(made.get(), NID_subject_alt_name, (is_address ? "IP:" : "DNS:") + host);
  add_extension(made.get(), NID_basic_constraints, "critical,CA:TRUE");
  TOCSIN_CHECK(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "OpenSSL signs");
  PEM_write_bio_X509(certificate.get(), made.get());
  PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(certificate.get()), text_of(secret.get())};
}

}  // namespace tocsin::tests
