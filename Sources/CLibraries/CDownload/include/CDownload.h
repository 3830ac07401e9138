#ifndef APUS_CDOWNLOAD_H
#define APUS_CDOWNLOAD_H

#include <stdint.h>

/// One GET or POST by libcurl, which is opened when the first one is made: only the storage role pays for it.
struct apus_download_request {
  const char *url;
  const char *const *headers; ///< NULL-terminated "Name: value", or NULL
  const char *body;           ///< of a POST; NULL for a GET
  const char *authorities;    ///< a file of PEM certificates to trust instead of the system's, or NULL
  int trusts_anyone;          ///< 1: the server's certificate is not checked
  int output;                 ///< the body is written to this descriptor
  int64_t maximum_bytes;      ///< a larger body is cut off with an error
  long connect_timeout_ms;
  long stall_seconds; ///< no byte for so long ends the transfer
  long maximum_redirects;
};

enum apus_download_outcome {
  APUS_DOWNLOAD_ANSWERED = 0,      ///< an HTTP answer came whole; look at `status`
  APUS_DOWNLOAD_NO_LIBRARY = 1,    ///< libcurl.so.4 cannot be opened
  APUS_DOWNLOAD_FAILED = 2,        ///< no whole answer; `message` says why
  APUS_DOWNLOAD_TOO_LARGE = 3,     ///< more than `maximum_bytes`
  APUS_DOWNLOAD_WRITE_FAILED = 4,  ///< the descriptor refused; `write_error` is the errno
};

struct apus_download_result {
  long status;
  int64_t bytes;
  int write_error;
  char content_type[256];
  char effective_url[2048];
  char message[512];
};

enum apus_download_outcome apus_download(
    const struct apus_download_request *request, struct apus_download_result *result);

#endif
