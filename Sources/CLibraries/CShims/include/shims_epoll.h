#ifndef APUS_SHIMS_EPOLL_H
#define APUS_SHIMS_EPOLL_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

/// accept4 with SOCK_NONBLOCK | SOCK_CLOEXEC; not in the Glibc module.
int apus_accept_nonblocking(int listener, struct sockaddr *address, socklen_t *length);
/// A stream socket with SOCK_NONBLOCK | SOCK_CLOEXEC; the type flags are an enum that Swift cannot combine.
int apus_socket(int family);
/// epoll_event is packed on x86_64, so its fields are read and written here.
struct epoll_event apus_epoll_event(uint32_t events, uint64_t data);
static inline uint32_t apus_epoll_event_events(const struct epoll_event *event) { return event->events; }
static inline uint64_t apus_epoll_event_data(const struct epoll_event *event) { return event->data.u64; }

#endif
