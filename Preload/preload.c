// The preload library: gives a foreign dynamic program the network of its pod without a network namespace.
//
// Every pod has an address of its own in 127.0.0.0/8 (`POD_IP`). A program that binds the wildcard or
// localhost gets that address instead, a connection to localhost goes there, names of the cluster resolve to
// the loopback addresses of their Services, and a Service port that needed a privilege to bind is exchanged
// for the one that stands in.
//
// Read from the environment once, at the first call:
//   POD_IP                       the pod's address; without it nothing is changed
//   APUS_NAMESPACE               the pod's namespace, for short names
//   HOSTNAME                     the pod's name: gethostname(), and resolves to POD_IP
//   APUS_NAMES_FILE              the mapping, see `look_up_name` and `look_up_port`; read anew at every
// look-up, so
//                                that no state is shared between threads (it is a few kilobytes)
//   APUS_LOCALHOST_PASSTHROUGH   ports, separated by commas, for which localhost stays the machine's own
//
// Nothing here allocates, and nothing takes a lock: every function is as safe in threads and signal handlers
// as the one that it stands in front of.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { max_name = 256, max_passthrough = 32, max_descriptors = 4096 };

static struct {
  int active;
  struct in_addr pod_address;
  char pod_address_text[INET_ADDRSTRLEN];
  char namespace_name[max_name];
  char host_name[max_name];
  char names_file[4096];
  uint16_t passthrough[max_passthrough];
  int passthrough_count;
} settings;

// 0: nobody has read the environment, 1: somebody is at it, 2: done.
static atomic_int settings_state;

static void copy_text(char *target, size_t capacity, const char *source) {
  size_t length = source ? strnlen(source, capacity - 1) : 0;
  if (length > 0) memcpy(target, source, length);
  target[length] = 0;
}

static void read_settings(void) {
  const char *address = getenv("POD_IP");
  if (!address || inet_pton(AF_INET, address, &settings.pod_address) != 1) return;
  copy_text(settings.pod_address_text, sizeof settings.pod_address_text, address);
  copy_text(settings.namespace_name, sizeof settings.namespace_name, getenv("APUS_NAMESPACE"));
  copy_text(settings.host_name, sizeof settings.host_name, getenv("HOSTNAME"));
  copy_text(settings.names_file, sizeof settings.names_file, getenv("APUS_NAMES_FILE"));
  // A resolver on the machine's localhost stays reachable for programs that bring their own DNS client.
  settings.passthrough[settings.passthrough_count++] = 53;
  const char *ports = getenv("APUS_LOCALHOST_PASSTHROUGH");
  while (ports && *ports && settings.passthrough_count < max_passthrough) {
    char *end;
    unsigned long port = strtoul(ports, &end, 10);
    if (end == ports) break;
    if (port > 0 && port <= 65535) settings.passthrough[settings.passthrough_count++] = (uint16_t)port;
    ports = *end == ',' ? end + 1 : end;
  }
  settings.active = 1;
}

static int is_active(void) {
  int expected = 0;
  if (atomic_load_explicit(&settings_state, memory_order_acquire) != 2) {
    if (atomic_compare_exchange_strong(&settings_state, &expected, 1)) {
      read_settings();
      atomic_store_explicit(&settings_state, 2, memory_order_release);
    } else {
      while (atomic_load_explicit(&settings_state, memory_order_acquire) != 2) usleep(50);
    }
  }
  return settings.active;
}

__attribute__((constructor)) static void start(void) { is_active(); }

// The next definition of a symbol, remembered; two threads that look it up at once store the same value.
#define NEXT(name)                                                        \
  __extension__({                                                         \
    static _Atomic(void *) found;                                         \
    void *value = atomic_load_explicit(&found, memory_order_acquire);     \
    if (!value) {                                                         \
      value = dlsym(RTLD_NEXT, #name);                                    \
      atomic_store_explicit(&found, value, memory_order_release);         \
    }                                                                     \
    (__typeof__(&name))value;                                             \
  })

//
// ------------------------------------------------------------------------------------------------------------
// The mapping file. One entry per line:
//   name <service> <namespace> <IPv4 address>
//   port <IPv4 address> <Service port> <port that stands in>

struct mapping {
  const char *text;
  size_t length;
};

static struct mapping open_mapping(void) {
  struct mapping mapping = {NULL, 0};
  if (!settings.names_file[0]) return mapping;
  int saved = errno;
  int file = open(settings.names_file, O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    struct stat status;
    // The file is replaced, never written in place, so what is mapped here cannot change or shrink.
    if (fstat(file, &status) == 0 && status.st_size > 0) {
      void *text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
      if (text != MAP_FAILED) {
        mapping.text = text;
        mapping.length = (size_t)status.st_size;
      }
    }
    close(file);
  }
  errno = saved;
  return mapping;
}

static void close_mapping(struct mapping mapping) {
  if (mapping.text) munmap((void *)mapping.text, mapping.length);
}

// Splits the line at `cursor` into up to four words; returns the start of the next line.
static const char *split_line(const char *cursor, const char *end, char words[4][max_name]) {
  for (int index = 0; index < 4; index++) words[index][0] = 0;
  int word = 0;
  size_t length = 0;
  for (; cursor < end && *cursor != '\n'; cursor++) {
    if (*cursor == ' ') {
      if (length > 0) word++;
      length = 0;
    } else if (word < 4 && length < max_name - 1) {
      words[word][length++] = *cursor;
      words[word][length] = 0;
    }
  }
  return cursor < end ? cursor + 1 : end;
}

// `svc`, `svc.ns`, `svc.ns.svc`, `svc.ns.svc.cluster.local`, each also with a dot at the end.
static int split_cluster_name(const char *node, char *service, char *namespace_name) {
  char name[max_name];
  size_t length = strnlen(node, max_name);
  if (length == 0 || length >= max_name) return 0;
  copy_text(name, sizeof name, node);
  if (name[length - 1] == '.') name[--length] = 0;
  char *dot = strchr(name, '.');
  if (!dot) {
    copy_text(namespace_name, max_name, settings.namespace_name);
  } else {
    *dot = 0;
    char *rest = dot + 1;
    char *suffix = strchr(rest, '.');
    if (suffix) {
      *suffix++ = 0;
      if (strcasecmp(suffix, "svc") != 0 && strcasecmp(suffix, "svc.cluster.local") != 0) return 0;
    }
    copy_text(namespace_name, max_name, rest);
  }
  copy_text(service, max_name, name);
  return service[0] != 0 && namespace_name[0] != 0;
}

// The address of a cluster name as text; 0 where the name is none of the cluster's.
static int look_up_name(const char *node, char address[INET_ADDRSTRLEN]) {
  if (!node || !is_active()) return 0;
  if (settings.host_name[0] && strcasecmp(node, settings.host_name) == 0) {
    copy_text(address, INET_ADDRSTRLEN, settings.pod_address_text);
    return 1;
  }
  char service[max_name], namespace_name[max_name];
  if (!split_cluster_name(node, service, namespace_name)) return 0;
  struct mapping mapping = open_mapping();
  const char *cursor = mapping.text;
  const char *end = cursor ? cursor + mapping.length : NULL;
  char words[4][max_name];
  int found = 0;
  while (cursor && cursor < end && !found) {
    cursor = split_line(cursor, end, words);
    if (strcmp(words[0], "name") == 0 && strcasecmp(words[1], service) == 0 &&
        strcasecmp(words[2], namespace_name) == 0) {
      copy_text(address, INET_ADDRSTRLEN, words[3]);
      found = 1;
    }
  }
  close_mapping(mapping);
  return found;
}

// The port (host byte order) to connect to in place of a Service's own.
static uint16_t look_up_port(struct in_addr address, uint16_t port) {
  char text[INET_ADDRSTRLEN];
  if (!inet_ntop(AF_INET, &address, text, sizeof text)) return port;
  struct mapping mapping = open_mapping();
  const char *cursor = mapping.text;
  const char *end = cursor ? cursor + mapping.length : NULL;
  char words[4][max_name];
  uint16_t result = port;
  while (cursor && cursor < end) {
    cursor = split_line(cursor, end, words);
    if (strcmp(words[0], "port") == 0 && strcmp(words[1], text) == 0 && atoi(words[2]) == port) {
      int stand_in = atoi(words[3]);
      if (stand_in > 0 && stand_in <= 65535) result = (uint16_t)stand_in;
      break;
    }
  }
  close_mapping(mapping);
  return result;
}

//
// ------------------------------------------------------------------------------------------------------------
// Addresses

enum address_kind {
  kind_other,
  kind_any4,
  kind_loopback4,
  kind_any6,
  kind_loopback6,
  kind_mapped_any,
  kind_mapped_loopback,
};

union address {
  struct sockaddr plain;
  struct sockaddr_in four;
  struct sockaddr_in6 six;
  struct sockaddr_storage storage;
};

static struct in_addr embedded_address(const struct in6_addr *address) {
  struct in_addr four;
  memcpy(&four, &address->s6_addr[12], sizeof four);
  return four;
}

static enum address_kind classify(const struct sockaddr *address, socklen_t length) {
  if (!address || length < (socklen_t)sizeof(sa_family_t)) return kind_other;
  if (address->sa_family == AF_INET && length >= (socklen_t)sizeof(struct sockaddr_in)) {
    uint32_t value = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
    if (value == INADDR_ANY) return kind_any4;
    return value == INADDR_LOOPBACK ? kind_loopback4 : kind_other;
  }
  if (address->sa_family == AF_INET6 && length >= (socklen_t)sizeof(struct sockaddr_in6)) {
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (IN6_IS_ADDR_UNSPECIFIED(six)) return kind_any6;
    if (IN6_IS_ADDR_LOOPBACK(six)) return kind_loopback6;
    if (IN6_IS_ADDR_V4MAPPED(six)) {
      uint32_t value = ntohl(embedded_address(six).s_addr);
      if (value == INADDR_ANY) return kind_mapped_any;
      if (value == INADDR_LOOPBACK) return kind_mapped_loopback;
    }
  }
  return kind_other;
}

static uint16_t port_of(const struct sockaddr *address) {
  // The port lies at the same place in both families.
  return ntohs(((const struct sockaddr_in *)address)->sin_port);
}

static void set_mapped(struct in6_addr *target, struct in_addr address) {
  memset(target, 0, sizeof *target);
  target->s6_addr[10] = target->s6_addr[11] = 0xff;
  memcpy(&target->s6_addr[12], &address, sizeof address);
}

// Copies `address` with the pod's own address in its place; same family, same port.
static socklen_t pod_address(const struct sockaddr *address, socklen_t length, union address *result) {
  memset(result, 0, sizeof *result);
  if (length > (socklen_t)sizeof *result) length = sizeof *result;
  memcpy(result, address, length);
  if (address->sa_family == AF_INET) {
    result->four.sin_addr = settings.pod_address;
  } else {
    set_mapped(&result->six.sin6_addr, settings.pod_address);
    result->six.sin6_scope_id = 0;
  }
  return length;
}

static void allow_mapped_addresses(int socket_number, const struct sockaddr *address) {
  if (address->sa_family != AF_INET6) return;
  int off = 0;
  int saved = errno;
  setsockopt(socket_number, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  errno = saved;
}

static int is_passthrough(uint16_t port) {
  for (int index = 0; index < settings.passthrough_count; index++) {
    if (settings.passthrough[index] == port) return 1;
  }
  return 0;
}

// Where a packet for `address` really goes. Returns 0 where that is the address itself.
static socklen_t redirect(
    int socket_number, const struct sockaddr *address, socklen_t length, union address *result) {
  if (!is_active() || !address) return 0;
  if (classify(address, length) != kind_other) {
    if (is_passthrough(port_of(address))) return 0;
    allow_mapped_addresses(socket_number, address);
    return pod_address(address, length, result);
  }
  struct in_addr target;
  if (address->sa_family == AF_INET && length >= (socklen_t)sizeof(struct sockaddr_in)) {
    target = ((const struct sockaddr_in *)address)->sin_addr;
  } else if (address->sa_family == AF_INET6 && length >= (socklen_t)sizeof(struct sockaddr_in6) &&
             IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)address)->sin6_addr)) {
    target = embedded_address(&((const struct sockaddr_in6 *)address)->sin6_addr);
  } else {
    return 0;
  }
  if ((ntohl(target.s_addr) >> 24) != 127 || target.s_addr == settings.pod_address.s_addr) return 0;
  uint16_t port = port_of(address);
  uint16_t stand_in = look_up_port(target, port);
  if (stand_in == port) return 0;
  memset(result, 0, sizeof *result);
  if (length > (socklen_t)sizeof *result) length = sizeof *result;
  memcpy(result, address, length);
  result->four.sin_port = htons(stand_in);
  return length;
}

//
// ------------------------------------------------------------------------------------------------------------
// What each bound socket believes its address to be, so that getsockname() can say it. The inode tells
// whether the descriptor still is that socket.

static struct {
  _Atomic uint64_t inode;
  atomic_int kind;
  atomic_int port;
  atomic_int six_only;
} bound[max_descriptors];

static uint64_t inode_of(int socket_number) {
  struct stat status;
  return fstat(socket_number, &status) == 0 ? (uint64_t)status.st_ino : 0;
}

static void remember(int socket_number, enum address_kind kind, uint16_t port, int six_only) {
  if (socket_number < 0 || socket_number >= max_descriptors) return;
  atomic_store(&bound[socket_number].kind, (int)kind);
  atomic_store(&bound[socket_number].port, port);
  atomic_store(&bound[socket_number].six_only, six_only);
  atomic_store(&bound[socket_number].inode, inode_of(socket_number));
}

static enum address_kind remembered(int socket_number) {
  if (socket_number < 0 || socket_number >= max_descriptors) return kind_other;
  uint64_t inode = atomic_load(&bound[socket_number].inode);
  if (inode == 0 || inode != inode_of(socket_number)) return kind_other;
  return (enum address_kind)atomic_load(&bound[socket_number].kind);
}

// Whether this process has an open socket on that port: an IPv4 one, or an IPv6-only one. For the program the
// two do not clash; here they are the same address.
static int holds_port(uint16_t port, int six_only) {
  for (int descriptor = 0; descriptor < max_descriptors; descriptor++) {
    if (atomic_load(&bound[descriptor].inode) == 0 || atomic_load(&bound[descriptor].port) != port) continue;
    enum address_kind kind = remembered(descriptor);
    if (kind == kind_other || (atomic_load(&bound[descriptor].six_only) != 0) != six_only) continue;
    if (six_only || kind == kind_any4 || kind == kind_loopback4) return 1;
  }
  return 0;
}

static void share_port(int socket_number) {
  int on = 1;
  setsockopt(socket_number, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

// A pod's address may have been another pod's a moment ago: its connections that still wait to be forgotten
// (TIME_WAIT) are no reason to refuse. A listener on the same port stays one.
static void disregard_ended_connections(int socket_number) {
  int type = 0;
  int on = 1;
  socklen_t size = sizeof type;
  int saved = errno;
  if (getsockopt(socket_number, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM) {
    setsockopt(socket_number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  errno = saved;
}

int bind(int socket_number, const struct sockaddr *address, socklen_t length) {
  enum address_kind kind = is_active() ? classify(address, length) : kind_other;
  if (kind == kind_other) return NEXT(bind)(socket_number, address, length);

  uint16_t port = port_of(address);
  int six_only = 0;
  if (address->sa_family == AF_INET6) {
    socklen_t size = sizeof six_only;
    if (getsockopt(socket_number, IPPROTO_IPV6, IPV6_V6ONLY, &six_only, &size) != 0) six_only = 0;
    allow_mapped_addresses(socket_number, address);
  }
  disregard_ended_connections(socket_number);
  union address own;
  socklen_t own_length = pod_address(address, length, &own);
  if (port != 0 && six_only) {
    // The program listens on IPv4 as well, and that socket already answers for the pod: this one gets any
    // port. Where the IPv4 one comes later, both share the port.
    if (holds_port(port, 0)) {
      own.six.sin6_port = 0;
    } else {
      share_port(socket_number);
    }
  } else if (port != 0 && address->sa_family == AF_INET && holds_port(port, 1)) {
    share_port(socket_number);
  }
  int result = NEXT(bind)(socket_number, &own.plain, own_length);
  if (result == 0) {
    int saved = errno;
    remember(socket_number, kind, port, six_only);
    errno = saved;
  }
  return result;
}

int getsockname(int socket_number, struct sockaddr *restrict address, socklen_t *restrict length) {
  int result = NEXT(getsockname)(socket_number, address, length);
  if (result != 0 || !is_active() || !address || !length) return result;
  int saved = errno;
  enum address_kind kind = remembered(socket_number);
  errno = saved;
  if (kind == kind_any4 || kind == kind_loopback4) {
    if (address->sa_family != AF_INET || *length < (socklen_t)sizeof(struct sockaddr_in)) return result;
    uint32_t shown = kind == kind_any4 ? INADDR_ANY : INADDR_LOOPBACK;
    ((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(shown);
  } else if (kind != kind_other) {
    if (address->sa_family != AF_INET6 || *length < (socklen_t)sizeof(struct sockaddr_in6)) return result;
    struct in6_addr *six = &((struct sockaddr_in6 *)address)->sin6_addr;
    struct in_addr four = {htonl(kind == kind_mapped_any ? INADDR_ANY : INADDR_LOOPBACK)};
    if (kind == kind_any6) {
      *six = in6addr_any;
    } else if (kind == kind_loopback6) {
      *six = in6addr_loopback;
    } else {
      set_mapped(six, four);
    }
  }
  return result;
}

int connect(int socket_number, const struct sockaddr *address, socklen_t length) {
  union address target;
  socklen_t target_length = redirect(socket_number, address, length, &target);
  if (target_length == 0) return NEXT(connect)(socket_number, address, length);
  return NEXT(connect)(socket_number, &target.plain, target_length);
}

ssize_t sendto(
    int socket_number, const void *bytes, size_t count, int flags, const struct sockaddr *address,
    socklen_t length) {
  union address target;
  socklen_t target_length = redirect(socket_number, address, length, &target);
  if (target_length == 0) return NEXT(sendto)(socket_number, bytes, count, flags, address, length);
  return NEXT(sendto)(socket_number, bytes, count, flags, &target.plain, target_length);
}

ssize_t sendmsg(int socket_number, const struct msghdr *message, int flags) {
  if (!message || !message->msg_name) return NEXT(sendmsg)(socket_number, message, flags);
  union address target;
  socklen_t target_length = redirect(socket_number, message->msg_name, message->msg_namelen, &target);
  if (target_length == 0) return NEXT(sendmsg)(socket_number, message, flags);
  struct msghdr redirected = *message;
  redirected.msg_name = &target;
  redirected.msg_namelen = target_length;
  return NEXT(sendmsg)(socket_number, &redirected, flags);
}

//
// ------------------------------------------------------------------------------------------------------------
// Names. A cluster name is exchanged for its address as text; the C library does the rest.

int getaddrinfo(
    const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
    struct addrinfo **restrict result) {
  char address[INET_ADDRSTRLEN];
  if (!look_up_name(node, address)) return NEXT(getaddrinfo)(node, service, hints, result);
  struct addrinfo numeric = {.ai_family = AF_UNSPEC};
  if (hints) numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST;
  return NEXT(getaddrinfo)(address, service, &numeric, result);
}

struct hostent *gethostbyname(const char *name) {
  char address[INET_ADDRSTRLEN];
  return NEXT(gethostbyname)(look_up_name(name, address) ? address : name);
}

struct hostent *gethostbyname2(const char *name, int family) {
  char address[INET_ADDRSTRLEN];
  return NEXT(gethostbyname2)(look_up_name(name, address) ? address : name, family);
}

int gethostbyname_r(
    const char *restrict name, struct hostent *restrict entry, char *restrict buffer, size_t size,
    struct hostent **restrict result, int *restrict error) {
  char address[INET_ADDRSTRLEN];
  const char *asked = look_up_name(name, address) ? address : name;
  return NEXT(gethostbyname_r)(asked, entry, buffer, size, result, error);
}

int gethostbyname2_r(
    const char *restrict name, int family, struct hostent *restrict entry, char *restrict buffer, size_t size,
    struct hostent **restrict result, int *restrict error) {
  char address[INET_ADDRSTRLEN];
  return NEXT(gethostbyname2_r)(
      look_up_name(name, address) ? address : name, family, entry, buffer, size, result, error);
}

int gethostname(char *name, size_t size) {
  if (!is_active() || !settings.host_name[0]) return NEXT(gethostname)(name, size);
  size_t length = strlen(settings.host_name) + 1;
  if (length > size) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(name, settings.host_name, length);
  return 0;
}
