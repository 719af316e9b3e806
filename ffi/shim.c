/* Limits, namespaces, and the descriptors of each thread. See shim.h. */
#define _GNU_SOURCE
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

uint32_t maglev_shim_abi(void) { return MAGLEV_SHIM_ABI; }

/* ---- Descriptors of a thread ---- */

#define OWNED_MAX 16

struct owned {
  int count;
  int fds[OWNED_MAX];
};

static pthread_key_t owned_key;
static pthread_once_t owned_once = PTHREAD_ONCE_INIT;
static int owned_error;

static void close_owned(void *value) {
  struct owned *owned = value;
  for (int i = 0; i < owned->count; i++) close(owned->fds[i]);
  free(owned);
}

/* The library is linked with -z nodelete, so that close_owned is still there when threads end. */
static void make_owned_key(void) { owned_error = pthread_key_create(&owned_key, close_owned); }

static struct owned *owned_of_thread(int create) {
  pthread_once(&owned_once, make_owned_key);
  if (owned_error != 0) return NULL;
  struct owned *owned = pthread_getspecific(owned_key);
  if (owned != NULL || !create) return owned;
  owned = calloc(1, sizeof *owned);
  if (owned == NULL) return NULL;
  if (pthread_setspecific(owned_key, owned) == 0) return owned;
  free(owned);
  return NULL;
}

int32_t maglev_own(int fd) {
  struct owned *owned = owned_of_thread(1);
  if (owned != NULL && owned->count < OWNED_MAX) {
    owned->fds[owned->count++] = fd;
    return fd;
  }
  close(fd);
  return owned == NULL ? -ENOMEM : -EMFILE;
}

static int *find_own(struct owned *owned, int fd) {
  for (int i = 0; owned != NULL && i < owned->count; i++) {
    if (owned->fds[i] == fd) return &owned->fds[i];
  }
  return NULL;
}

int maglev_is_own(int fd) { return find_own(owned_of_thread(0), fd) != NULL; }

int32_t maglev_close(int32_t fd) {
  struct owned *owned = owned_of_thread(0);
  int *place = find_own(owned, fd);
  if (place == NULL) return -EBADF;
  *place = owned->fds[--owned->count];
  /* Linux frees the number even when close() reports an error. */
  close(fd);
  return 0;
}

int32_t maglev_wake_open(void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? -errno : maglev_own(fd);
}

int32_t maglev_wake(int32_t wake) {
  if (!maglev_is_own(wake)) return -EBADF;
  const uint64_t one = 1;
  /* EAGAIN: it has been woken a great many times already. */
  if (write(wake, &one, sizeof one) < 0 && errno != EAGAIN) return -errno;
  return 0;
}

int32_t maglev_wake_clear(int32_t wake) {
  if (!maglev_is_own(wake)) return -EBADF;
  uint64_t count;
  if (read(wake, &count, sizeof count) < 0 && errno != EAGAIN) return -errno;
  return 0;
}

/* ---- Limits ---- */

int32_t maglev_nofile_raise(uint32_t wanted, double *limits, uint32_t limits_size) {
  if (limits_size < 2 * sizeof *limits) return -EINVAL;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
  if (limit.rlim_cur < wanted) {
    struct rlimit raised = limit;
    raised.rlim_cur = wanted;
    if (raised.rlim_max < wanted) raised.rlim_max = wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0) {
      /* The hard limit may not be raised: take all of it. */
      raised.rlim_cur = raised.rlim_max = limit.rlim_max;
      if (setrlimit(RLIMIT_NOFILE, &raised) < 0) return -errno;
    }
    limit = raised;
  }
  limits[0] = (double)limit.rlim_cur;
  limits[1] = (double)limit.rlim_max;
  return 0;
}

int32_t maglev_nofile_count(void) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL) return -errno;
  int32_t count = 0;
  errno = 0;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] != '.') count++;
  }
  int error = errno;
  closedir(folder);
  /* One of them was the folder itself. */
  return error != 0 ? -error : count - 1;
}

/* ---- Signals ---- */

int32_t maglev_hang_up_unblock(void) {
  sigset_t hang_up;
  sigemptyset(&hang_up);
  sigaddset(&hang_up, SIGHUP);
  return -pthread_sigmask(SIG_UNBLOCK, &hang_up, NULL);
}

/* ---- The service manager ---- */

int32_t maglev_notify(const uint8_t *text, uint32_t text_size) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (path == NULL || path[0] == '\0') return 0;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (path[0] != '/' && path[0] != '@') return -EAFNOSUPPORT;
  /* A path needs its end mark; the length of an abstract name is exact. */
  if (length >= sizeof address.sun_path) return -ENAMETOOLONG;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  ssize_t sent = sendto(fd, text, text_size, MSG_DONTWAIT | MSG_NOSIGNAL,
                        (const struct sockaddr *)&address, size);
  int32_t result = sent < 0 ? -errno : 1;
  close(fd);
  return result;
}

/* ---- Namespaces and interfaces ---- */

static int terminated(const uint8_t *text, uint32_t size) {
  return memchr(text, 0, size) != NULL;
}

static void put_identity(const struct stat *status, uint64_t *identity) {
  identity[0] = (uint64_t)status->st_dev;
  identity[1] = (uint64_t)status->st_ino;
}

static int32_t enter(int fd, uint64_t *identity) {
  struct stat status;
  if (fstat(fd, &status) < 0 || setns(fd, CLONE_NEWNET) < 0) return -errno;
  put_identity(&status, identity);
  return 0;
}

int32_t maglev_netns_enter(const uint8_t *path, uint32_t path_size, uint64_t *identity,
                           uint32_t identity_size) {
  if (!terminated(path, path_size) || identity_size < 2 * sizeof *identity) return -EINVAL;
  int fd = open((const char *)path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -errno;
  int32_t result = enter(fd, identity);
  close(fd);
  return result;
}

int32_t maglev_netns_identity(const uint8_t *path, uint32_t path_size, uint64_t *identity,
                              uint32_t identity_size) {
  if (!terminated(path, path_size) || identity_size < 2 * sizeof *identity) return -EINVAL;
  struct stat status;
  if (stat((const char *)path, &status) < 0) return -errno;
  put_identity(&status, identity);
  return 0;
}

int32_t maglev_interface_index(const uint8_t *name, uint32_t name_size) {
  if (!terminated(name, name_size)) return -EINVAL;
  /* if_nametoindex() returns ENOENT when it finds no descriptor for its socket. */
  struct ifreq request;
  memset(&request, 0, sizeof request);
  size_t length = strlen((const char *)name);
  if (length == 0 || length >= sizeof request.ifr_name) return -ENODEV;
  memcpy(request.ifr_name, name, length);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int32_t result = ioctl(fd, SIOCGIFINDEX, &request) < 0 ? -errno : request.ifr_ifindex;
  close(fd);
  return result;
}

union inet_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* Its length; 0 when `bytes` are not an address. */
static socklen_t put_address(union inet_address *address, const uint8_t *bytes, uint32_t size,
                             uint32_t scope, uint16_t port) {
  memset(address, 0, sizeof *address);
  if (size == sizeof address->v4.sin_addr) {
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = htons(port);
    memcpy(&address->v4.sin_addr, bytes, size);
    return sizeof address->v4;
  }
  if (size != sizeof address->v6.sin6_addr) return 0;
  address->v6.sin6_family = AF_INET6;
  address->v6.sin6_port = htons(port);
  address->v6.sin6_scope_id = scope;
  memcpy(&address->v6.sin6_addr, bytes, size);
  return sizeof address->v6;
}

/* Nothing is sent, so any port but 0 does. */
#define DISCARD_PORT 9

int32_t maglev_route_check(const uint8_t *destination, uint32_t destination_size,
                           const uint8_t *source, uint32_t source_size, uint32_t scope) {
  union inet_address to, from;
  socklen_t to_size = put_address(&to, destination, destination_size, scope, DISCARD_PORT);
  socklen_t from_size = source_size == 0 ? 0 : put_address(&from, source, source_size, scope, 0);
  if (to_size == 0 || (source_size != 0 && from_size != to_size)) return -EINVAL;
  int fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int failed = (from_size != 0 && bind(fd, &from.any, from_size) < 0) ||
               connect(fd, &to.any, to_size) < 0;
  int32_t result = failed ? -errno : 0;
  close(fd);
  return result;
}

int32_t maglev_route_source(const uint8_t *destination, uint32_t destination_size,
                            uint8_t *source, uint32_t source_size) {
  union inet_address to;
  socklen_t size = put_address(&to, destination, destination_size, 0, DISCARD_PORT);
  if (size == 0 || source_size != destination_size) return -EINVAL;
  int fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int failed = connect(fd, &to.any, size) < 0 || getsockname(fd, &to.any, &size) < 0;
  int32_t result = failed ? -errno : 0;
  close(fd);
  if (failed) return result;
  if (source_size == 4) memcpy(source, &to.v4.sin_addr, source_size);
  else memcpy(source, &to.v6.sin6_addr, source_size);
  return 0;
}

/* ---- A look at a namespace ---- */

/* In one read: the kernel gives a setting from its beginning only, and cuts off what is too long. */
static int32_t read_setting(const char *path, uint8_t *text, uint32_t text_size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t count = read(fd, text, text_size);
  int32_t result = count < 0 ? -errno : (uint32_t)count == text_size ? -E2BIG : (int32_t)count;
  close(fd);
  return result;
}

static int32_t try_icmp(uint32_t family) {
  uint32_t about[2];
  int32_t fd = maglev_icmp_open(family, MAGLEV_ICMP_RAW | MAGLEV_ICMP_DATAGRAM, 1, about,
                                sizeof about);
  return fd < 0 ? fd : maglev_close(fd);
}

static int32_t try_raw(void) {
  int32_t fd = maglev_packet_open(4);
  return fd < 0 ? fd : maglev_close(fd);
}

struct look {
  const uint8_t *path;
  uint32_t path_size;
  uint32_t what;
  uint8_t *text;
  uint32_t text_size;
  int32_t result;
};

static int32_t look_here(const struct look *look) {
  switch (look->what) {
    case MAGLEV_LOOK_ENTER:
      return 0;
    case MAGLEV_LOOK_PORT_RANGE:
      return read_setting("/proc/sys/net/ipv4/ip_local_port_range", look->text, look->text_size);
    case MAGLEV_LOOK_RESERVED_PORTS:
      return read_setting("/proc/sys/net/ipv4/ip_local_reserved_ports", look->text,
                          look->text_size);
    case MAGLEV_LOOK_TW_REUSE:
      return read_setting("/proc/sys/net/ipv4/tcp_tw_reuse", look->text, look->text_size);
    case MAGLEV_LOOK_ICMP4:
      return try_icmp(4);
    case MAGLEV_LOOK_ICMP6:
      return try_icmp(6);
    case MAGLEV_LOOK_RAW:
      return try_raw();
    default:
      return -EINVAL;
  }
}

static void *look_inside(void *argument) {
  struct look *look = argument;
  uint64_t identity[2];
  look->result = maglev_netns_enter(look->path, look->path_size, identity, sizeof identity);
  if (look->result == 0) look->result = look_here(look);
  return NULL;
}

int32_t maglev_netns_look(const uint8_t *path, uint32_t path_size, uint32_t what, uint8_t *text,
                          uint32_t text_size) {
  if (!terminated(path, path_size)) return -EINVAL;
  struct look look = {.path = path, .path_size = path_size, .what = what, .text = text,
                      .text_size = text_size, .result = 0};
  if (path[0] == 0) return look_here(&look);
  pthread_t thread;
  int error = pthread_create(&thread, NULL, look_inside, &look);
  if (error != 0) return -error;
  pthread_join(thread, NULL);
  return look.result;
}
