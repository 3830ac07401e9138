#define _GNU_SOURCE
#include "CDownload.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The few functions of libcurl that are used, found by name when the library is opened.
static struct {
  CURLcode (*global_init)(long flags);
  CURL *(*easy_init)(void);
  CURLcode (*easy_setopt)(CURL *handle, CURLoption option, ...);
  CURLcode (*easy_perform)(CURL *handle);
  CURLcode (*easy_getinfo)(CURL *handle, CURLINFO info, ...);
  const char *(*easy_strerror)(CURLcode code);
  void (*easy_cleanup)(CURL *handle);
  struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
  void (*slist_free_all)(struct curl_slist *list);
} curl;

static pthread_once_t opened = PTHREAD_ONCE_INIT;
static char open_error[512];

static void open_library(void) {
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(open_error, sizeof(open_error), "%s", dlerror());
    return;
  }
  struct {
    const char *name;
    void **target;
  } symbols[] = {
      {"curl_global_init", (void **)&curl.global_init},     {"curl_easy_init", (void **)&curl.easy_init},
      {"curl_easy_setopt", (void **)&curl.easy_setopt},     {"curl_easy_perform", (void **)&curl.easy_perform},
      {"curl_easy_getinfo", (void **)&curl.easy_getinfo},   {"curl_easy_strerror", (void **)&curl.easy_strerror},
      {"curl_easy_cleanup", (void **)&curl.easy_cleanup},   {"curl_slist_append", (void **)&curl.slist_append},
      {"curl_slist_free_all", (void **)&curl.slist_free_all},
  };
  for (size_t index = 0; index < sizeof(symbols) / sizeof(symbols[0]); index++) {
    *symbols[index].target = dlsym(library, symbols[index].name);
    if (!*symbols[index].target) {
      snprintf(open_error, sizeof(open_error), "libcurl has no %s", symbols[index].name);
      return;
    }
  }
  curl.global_init(CURL_GLOBAL_DEFAULT);
}

struct sink {
  const struct apus_download_request *request;
  struct apus_download_result *result;
  int too_large;
};

static size_t write_body(char *data, size_t unit, size_t count, void *context) {
  struct sink *sink = context;
  size_t length = unit * count;
  if (sink->result->bytes + (int64_t)length > sink->request->maximum_bytes) {
    sink->too_large = 1;
    return 0;
  }
  size_t written = 0;
  while (written < length) {
    ssize_t step = write(sink->request->output, data + written, length - written);
    if (step < 0) {
      if (errno == EINTR) continue;
      sink->result->write_error = errno;
      return 0;
    }
    written += (size_t)step;
  }
  sink->result->bytes += (int64_t)length;
  return length;
}

enum apus_download_outcome apus_download(
    const struct apus_download_request *request, struct apus_download_result *result) {
  memset(result, 0, sizeof(*result));
  pthread_once(&opened, open_library);
  if (open_error[0]) {
    snprintf(result->message, sizeof(result->message), "%s", open_error);
    return APUS_DOWNLOAD_NO_LIBRARY;
  }
  CURL *handle = curl.easy_init();
  if (!handle) {
    snprintf(result->message, sizeof(result->message), "libcurl could not be set up");
    return APUS_DOWNLOAD_FAILED;
  }
  struct sink sink = {.request = request, .result = result};
  struct curl_slist *headers = NULL;
  for (const char *const *header = request->headers; header && *header; header++) {
    headers = curl.slist_append(headers, *header);
  }
  char reason[CURL_ERROR_SIZE] = "";
  curl.easy_setopt(handle, CURLOPT_URL, request->url);
  curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
  curl.easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, request->maximum_redirects > 0 ? 1L : 0L);
  curl.easy_setopt(handle, CURLOPT_MAXREDIRS, request->maximum_redirects);
  curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl.easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
  curl.easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl.easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, request->stall_seconds);
  curl.easy_setopt(handle, CURLOPT_USERAGENT, "apus-storage-initializer");
  if (request->body) curl.easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, request->body);
  if (request->authorities) curl.easy_setopt(handle, CURLOPT_CAINFO, request->authorities);
  if (request->trusts_anyone) {
    curl.easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl.easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, write_body);
  curl.easy_setopt(handle, CURLOPT_WRITEDATA, &sink);
  CURLcode code = curl.easy_perform(handle);

  const char *text = NULL;
  curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &result->status);
  if (curl.easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text) {
    snprintf(result->content_type, sizeof(result->content_type), "%s", text);
  }
  if (curl.easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK && text) {
    snprintf(result->effective_url, sizeof(result->effective_url), "%s", text);
  }
  enum apus_download_outcome outcome = APUS_DOWNLOAD_ANSWERED;
  if (sink.too_large) {
    outcome = APUS_DOWNLOAD_TOO_LARGE;
  } else if (result->write_error != 0) {
    outcome = APUS_DOWNLOAD_WRITE_FAILED;
  } else if (code != CURLE_OK) {
    snprintf(result->message, sizeof(result->message), "%s", reason[0] ? reason : curl.easy_strerror(code));
    outcome = APUS_DOWNLOAD_FAILED;
  }
  curl.slist_free_all(headers);
  curl.easy_cleanup(handle);
  return outcome;
}
