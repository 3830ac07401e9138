#define _GNU_SOURCE
#include "CShims.h"

int apus_accept_nonblocking(int listener, struct sockaddr *address, socklen_t *length) {
  return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

struct epoll_event apus_epoll_event(uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events};
  event.data.u64 = data;
  return event;
}

int apus_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
