// A load generator that costs less than what it measures: prepared requests, sent in turn over keep-alive connections,
// one at a time on each. It never sleeps, so that the server need not wake it, and looks at every answer: the status
// must be 200 and the body as long as its Content-Length says.
//
//   http_load PORT REQUESTS CONNECTIONS SECONDS
//
// REQUESTS is a file of requests, each behind its length (4 bytes, little endian). Prints one line: answers per second,
// and the 50th and 99th percentile of the latency in microseconds. A tenth of the time, before, is not counted.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1024, HEAD_BYTES = 4096, RECEIVE_BYTES = 1 << 20, BUCKETS = 64 * 32 };

struct request {
  const char *bytes;
  size_t length;
};

struct connection {
  int descriptor;
  const struct request *request;
  size_t sent;
  // The head so far; once it is whole, how much of the body is missing.
  char head[HEAD_BYTES];
  size_t head_length;
  int in_body;
  uint64_t body_left;
  uint64_t began;
  int waits_to_write;
};

static struct request *requests;
static size_t request_count, next_request;
static struct connection connections[MAX_CONNECTIONS];
static char received[RECEIVE_BYTES];
static uint64_t answers, histogram[BUCKETS];
static int poller, is_ending, outstanding;

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "http_load: %s %s\n", what, detail);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// 32 buckets for each power of two.
static unsigned bucket(uint64_t value) {
  if (value < 32) return (unsigned)value;
  unsigned power = 63u - (unsigned)__builtin_clzll(value);
  return (power - 4) * 32 + (unsigned)((value >> (power - 5)) & 31);
}

static double bucket_middle(unsigned index) {
  if (index < 32) return index;
  unsigned power = index / 32 + 4;
  double width = (double)(1ull << (power - 5));
  return (32 + index % 32 + 0.5) * width;
}

static double percentile(double part) {
  uint64_t rank = (uint64_t)((double)answers * part), seen = 0;
  for (unsigned index = 0; index < BUCKETS; ++index)
    if ((seen += histogram[index]) > rank) return bucket_middle(index) / 1000;
  return 0;
}

static void load_requests(const char *path) {
  int file = open(path, O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0 || status.st_size < 5) fail("cannot read", path);
  size_t size = (size_t)status.st_size, offset = 0, room = 0;
  char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (bytes == MAP_FAILED) fail("cannot map", path);
  while (offset + 4 <= size) {
    uint32_t length;
    memcpy(&length, bytes + offset, 4);
    if (length > size - offset - 4) fail("cut off:", path);
    if (request_count == room) {
      room = room ? room * 2 : 1024;
      requests = realloc(requests, room * sizeof *requests);
      if (requests == NULL) fail("out of", "memory");
    }
    requests[request_count++] = (struct request){bytes + offset + 4, length};
    offset += 4 + length;
  }
}

static void wait_for(struct connection *each, int to_write) {
  if (each->waits_to_write == to_write) return;
  each->waits_to_write = to_write;
  struct epoll_event event = {.events = EPOLLIN | (to_write ? EPOLLOUT : 0), .data.ptr = each};
  if (epoll_ctl(poller, EPOLL_CTL_MOD, each->descriptor, &event) != 0) fail("epoll_ctl:", strerror(errno));
}

static void send_rest(struct connection *each) {
  while (each->sent < each->request->length) {
    ssize_t count = send(each->descriptor, each->request->bytes + each->sent, each->request->length - each->sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      wait_for(each, 1);
      return;
    }
    if (count < 0) fail("send:", strerror(errno));
    each->sent += (size_t)count;
  }
  wait_for(each, 0);
}

static void begin(struct connection *each) {
  if (is_ending) {
    --outstanding;
    return;
  }
  each->request = &requests[next_request];
  if (++next_request == request_count) next_request = 0;
  each->sent = each->head_length = 0;
  each->in_body = 0;
  each->began = now();
  send_rest(each);
}

// Looks at a whole head; returns the body's length.
static uint64_t body_length(const char *head, size_t length) {
  if (length < 16 || memcmp(head + 9, "200", 3) != 0) {
    fprintf(stderr, "%.*s\n", (int)length, head);
    fail("the answer is not", "200");
  }
  for (const char *line = memchr(head, '\n', length); line != NULL;) {
    ++line;
    size_t left = length - (size_t)(line - head);
    if (left > 16 && (line[8] | 32) == 'l' && strncasecmp(line, "content-length:", 15) == 0)
      return strtoull(line + 15, NULL, 10);
    line = memchr(line, '\n', left);
  }
  fail("the answer has no", "Content-Length");
  return 0;
}

static void take(struct connection *each, const char *bytes, size_t count) {
  if (!each->in_body) {
    const char *head = bytes;
    size_t length = count;
    if (each->head_length > 0) {
      if (each->head_length + count > HEAD_BYTES) fail("a head is", "too long");
      memcpy(each->head + each->head_length, bytes, count);
      head = each->head;
      length = each->head_length + count;
    }
    const char *end = memmem(head, length, "\r\n\r\n", 4);
    if (end == NULL) {
      if (length > HEAD_BYTES) fail("a head is", "too long");
      if (each->head_length == 0) memcpy(each->head, bytes, count);
      each->head_length = length;
      return;
    }
    size_t head_length = (size_t)(end - head) + 4;
    each->body_left = body_length(head, head_length);
    each->in_body = 1;
    count = length - head_length;
  }
  if (count > each->body_left) fail("more came than", "one answer");
  each->body_left -= count;
  if (each->body_left > 0) return;
  if (each->sent < each->request->length) fail("an answer came before", "the request's end");
  ++answers;
  ++histogram[bucket(now() - each->began)];
  begin(each);
}

static void receive(struct connection *each) {
  ssize_t count = recv(each->descriptor, received, RECEIVE_BYTES, 0);
  if (count > 0) {
    take(each, received, (size_t)count);
  } else if (count == 0) {
    fail("the server has closed", "a connection");
  } else if (errno != EAGAIN) {
    fail("recv:", strerror(errno));
  }
}

static void turn_until(uint64_t end) {
  struct epoll_event events[256];
  while (outstanding > 0 && now() < end) {
    int count = epoll_wait(poller, events, 256, 0);
    for (int index = 0; index < count; ++index) {
      struct connection *each = events[index].data.ptr;
      if (events[index].events & EPOLLOUT) send_rest(each);
      if (events[index].events & ~(uint32_t)EPOLLOUT) receive(each);
    }
  }
}

int main(int count, char **arguments) {
  if (count != 5) fail("usage: http_load", "PORT REQUESTS CONNECTIONS SECONDS");
  int width = atoi(arguments[3]);
  double seconds = atof(arguments[4]);
  if (width < 1 || width > MAX_CONNECTIONS || seconds <= 0) fail("out of range:", "CONNECTIONS or SECONDS");
  load_requests(arguments[2]);
  poller = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int index = 0; index < width; ++index) {
    struct connection *each = &connections[index];
    each->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(each->descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect:", strerror(errno));
    int on = 1;
    setsockopt(each->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(each->descriptor, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = each};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, each->descriptor, &event) != 0) fail("epoll_ctl:", strerror(errno));
    ++outstanding;
    begin(each);
  }
  uint64_t span = (uint64_t)(seconds * 1e9);
  turn_until(now() + span / 10);
  answers = 0;
  memset(histogram, 0, sizeof histogram);
  uint64_t started = now();
  turn_until(started + span);
  double lasted = (double)(now() - started) / 1e9, rate = (double)answers / lasted;
  double half = percentile(0.5), nearly_all = percentile(0.99);
  // A server that is left with requests would work on them while the next one is measured.
  is_ending = 1;
  turn_until(now() + 30000000000u);
  printf("%.1f %.2f %.2f\n", rate, half, nearly_all);
  return 0;
}
