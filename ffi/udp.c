/* UDP sockets, one for each datagram, in a set of each thread. See shim.h. */
#define _GNU_SOURCE
#include "datagram.h"
#include "shim.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Sockets looked at in one system call. */
#define BATCH 64

/* Errors of one socket that are read at a time; there is one for each datagram that was sent. */
#define ERRORS 8

#define BITS 64

/* The sockets of a thread: an epoll descriptor, and a bit for each of its sockets by number. */
struct set {
  int epoll;
  size_t words;
  uint64_t *bits;
};

static pthread_key_t set_key;
static pthread_once_t set_once = PTHREAD_ONCE_INIT;
static int set_error;

static void close_sockets(struct set *set) {
  for (size_t word = 0; word < set->words; word++) {
    for (uint64_t left = set->bits[word]; left != 0; left &= left - 1) {
      close((int)(word * BITS) + __builtin_ctzll(left));
    }
  }
}

/* The epoll descriptor itself belongs to the thread's other descriptors (shim.c). */
static void leave_set(void *value) {
  struct set *set = value;
  close_sockets(set);
  free(set->bits);
  free(set);
}

static void make_set_key(void) { set_error = pthread_key_create(&set_key, leave_set); }

static struct set *set_of_thread(void) {
  pthread_once(&set_once, make_set_key);
  return set_error == 0 ? pthread_getspecific(set_key) : NULL;
}

/* The thread's set when that is `epoll`, otherwise NULL. */
static struct set *set_of(int32_t epoll) {
  struct set *set = set_of_thread();
  return set != NULL && set->epoll == epoll && maglev_is_own(epoll) ? set : NULL;
}

static int has(const struct set *set, int fd) {
  size_t word = (size_t)fd / BITS;
  return fd >= 0 && word < set->words && (set->bits[word] >> (fd % BITS) & 1) != 0;
}

static int add(struct set *set, int fd) {
  size_t word = (size_t)fd / BITS;
  if (word >= set->words) {
    size_t words = (word + 1) * 2;
    uint64_t *bits = realloc(set->bits, words * sizeof *bits);
    if (bits == NULL) return -1;
    memset(bits + set->words, 0, (words - set->words) * sizeof *bits);
    set->bits = bits;
    set->words = words;
  }
  set->bits[word] |= UINT64_C(1) << (fd % BITS);
  return 0;
}

int32_t maglev_udp_open(void) {
  if (set_of_thread() != NULL) return -EEXIST;
  if (set_error != 0) return -set_error;
  struct set *set = calloc(1, sizeof *set);
  if (set == NULL) return -ENOMEM;
  int fd = epoll_create1(EPOLL_CLOEXEC);
  int32_t epoll = fd < 0 ? -errno : maglev_own(fd);
  set->epoll = epoll;
  if (epoll >= 0 && pthread_setspecific(set_key, set) == 0) return epoll;
  free(set);
  if (epoll < 0) return epoll;
  (void)maglev_close(epoll);
  return -ENOMEM;
}

int32_t maglev_udp_close(int32_t epoll) {
  struct set *set = set_of(epoll);
  if (set == NULL) return -EBADF;
  (void)pthread_setspecific(set_key, NULL);
  leave_set(set);
  return maglev_close(epoll);
}

int32_t maglev_udp_end(int32_t epoll, int32_t fd) {
  struct set *set = set_of(epoll);
  if (set == NULL || !has(set, fd)) return -EBADF;
  set->bits[fd / BITS] &= ~(UINT64_C(1) << (fd % BITS));
  close(fd);
  return 0;
}

/* ---- Starting ---- */

static socklen_t put_address(union any_address *name, const struct maglev_udp_start *record,
                             const uint8_t *address, uint32_t port) {
  memset(name, 0, sizeof *name);
  if (record->family == 4) {
    name->v4.sin_family = AF_INET;
    name->v4.sin_port = htons((uint16_t)port);
    memcpy(&name->v4.sin_addr, address, sizeof name->v4.sin_addr);
    return sizeof name->v4;
  }
  name->v6.sin6_family = AF_INET6;
  name->v6.sin6_port = htons((uint16_t)port);
  name->v6.sin6_scope_id = record->scope;
  memcpy(&name->v6.sin6_addr, address, sizeof name->v6.sin6_addr);
  return sizeof name->v6;
}

/* 0, or minus an errno. The step that failed is in the record. */
static int start(struct set *set, int fd, struct maglev_udp_start *record,
                 const uint8_t *payload) {
  int is4 = record->family == 4;
  record->step = MAGLEV_UDP_SOCKET;
  /* Errors of routers are reported only on request. */
  int reports = is4 ? set_int(fd, IPPROTO_IP, IP_RECVERR, 1)
                    : set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  if (reports < 0 || set_int(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) < 0) return -errno;
  /*
   * Without DF, routers fragment a datagram that is too long for a link. Over IPv6 they report it, and
   * it is sent again (src/probe/udp/sockets.ts).
   */
  if (is4 && set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) < 0) return -errno;
  union any_address name;
  socklen_t length;
  if (record->has_source) {
    record->step = MAGLEV_UDP_BIND;
    length = put_address(&name, record, record->source, 0);
    if (bind(fd, &name.any, length) < 0) return -errno;
  }
  record->step = MAGLEV_UDP_CONNECT;
  length = put_address(&name, record, record->destination, record->port);
  if (connect(fd, &name.any, length) < 0) return -errno;
  record->step = MAGLEV_UDP_SOCKET;
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) < 0) return -errno;
  record->step = MAGLEV_UDP_SEND;
  record->sent_ms = now_ms(CLOCK_MONOTONIC);
  if (send(fd, payload + record->offset, record->length, MSG_NOSIGNAL) < 0) return -errno;
  record->step = 0;
  return 0;
}

int32_t maglev_udp_start(int32_t epoll, uint8_t *bytes, uint32_t bytes_size,
                         const uint8_t *payloads, uint32_t payloads_size) {
  struct set *set = set_of(epoll);
  if (set == NULL) return -EBADF;
  struct maglev_udp_start *records = (struct maglev_udp_start *)(void *)bytes;
  if (bytes_size % sizeof *records != 0 || (uintptr_t)bytes % _Alignof(struct maglev_udp_start)) {
    return -EINVAL;
  }
  uint32_t count = bytes_size / sizeof *records;
  for (uint32_t i = 0; i < count; i++) {
    const struct maglev_udp_start *record = records + i;
    if ((record->family != 4 && record->family != 6) || record->port > 0xffff ||
        record->offset > payloads_size || record->length > payloads_size - record->offset) {
      return -EINVAL;
    }
  }
  int32_t sent = 0;
  for (uint32_t i = 0; i < count; i++) {
    struct maglev_udp_start *record = records + i;
    int domain = record->family == 4 ? AF_INET : AF_INET6;
    record->step = MAGLEV_UDP_SOCKET;
    int fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = fd < 0 ? -errno : start(set, fd, record, payloads);
    if (error == 0 && add(set, fd) < 0) error = -ENOMEM;
    record->fd = error == 0 ? fd : error;
    if (error != 0 && fd >= 0) close(fd);
    sent += error == 0;
  }
  return sent;
}

/* ---- Receiving ---- */

/* Control data: a time stamp, and for errors a report with the address of who made it. */
struct reception {
  _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(
      sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6))];
  struct iovec vector;
  struct msghdr message;
};

static ssize_t receive(int fd, int flags, struct maglev_udp_received *record,
                       struct reception *reception) {
  reception->vector =
      (struct iovec){.iov_base = record->packet, .iov_len = sizeof record->packet};
  reception->message = (struct msghdr){
      .msg_iov = &reception->vector,
      .msg_iovlen = 1,
      .msg_control = reception->control,
      .msg_controllen = sizeof reception->control,
  };
  return recvmsg(fd, &reception->message, flags | MSG_DONTWAIT | MSG_TRUNC);
}

/* Reads the reports of a socket, of which the first is kept: 1, or 0 without a report. */
static int take_error(int fd, struct maglev_udp_received *record, const struct moment *now) {
  int found = 0;
  for (int i = 0; i < ERRORS; i++) {
    struct reception reception;
    if (receive(fd, MSG_ERRQUEUE, record, &reception) < 0) break;
    struct msghdr *message = &reception.message;
    struct sock_extended_err report;
    const struct cmsghdr *header =
        find_control(message, IPPROTO_IP, IP_RECVERR, sizeof report);
    if (header == NULL) {
      header = find_control(message, IPPROTO_IPV6, IPV6_RECVERR, sizeof report);
    }
    if (header == NULL || found) continue;
    memcpy(&report, CMSG_DATA(header), sizeof report);
    found = 1;
    record->status = -(int32_t)report.ee_errno;
    record->local = report.ee_origin == SO_EE_ORIGIN_LOCAL;
    if (!record->local) {
      record->error_type = report.ee_type;
      record->error_code = report.ee_code;
    }
    record->received_ms = arrival_ms(message, now);
  }
  int error = 0;
  socklen_t size = sizeof error;
  (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return found;
}

/* 1: the record is filled; 0: nothing was there. */
static int take(int fd, struct maglev_udp_received *record, const struct moment *now) {
  memset(record, 0, offsetof(struct maglev_udp_received, packet));
  record->fd = fd;
  struct reception reception;
  ssize_t length = receive(fd, 0, record, &reception);
  if (length >= 0) {
    record->length = (uint32_t)length;
    record->received_ms = arrival_ms(&reception.message, now);
    return 1;
  }
  int error = errno;
  if (take_error(fd, record, now)) return 1;
  if (error == EAGAIN || error == EINTR) return 0;
  record->status = -error;
  record->received_ms = now->monotonic_ms;
  return 1;
}

int32_t maglev_udp_receive(int32_t epoll, uint8_t *bytes, uint32_t bytes_size) {
  if (set_of(epoll) == NULL) return -EBADF;
  struct maglev_udp_received *records = (struct maglev_udp_received *)(void *)bytes;
  if (bytes_size % sizeof *records != 0 || bytes_size == 0 ||
      (uintptr_t)bytes % _Alignof(struct maglev_udp_received)) {
    return -EINVAL;
  }
  uint32_t room = bytes_size / sizeof *records;
  uint32_t filled = 0;
  struct moment now = {.wall_ms = now_ms(CLOCK_REALTIME), .monotonic_ms = now_ms(CLOCK_MONOTONIC)};
  while (filled < room) {
    struct epoll_event events[BATCH];
    int wanted = room - filled < BATCH ? (int)(room - filled) : BATCH;
    int ready = epoll_wait(epoll, events, wanted, 0);
    if (ready < 0) return errno == EINTR ? (int32_t)filled : -errno;
    uint32_t before = filled;
    for (int i = 0; i < ready; i++) {
      filled += (uint32_t)take(events[i].data.fd, records + filled, &now);
    }
    /* Level-triggered: a socket that has more is ready again in the next round. */
    if (filled == before) break;
  }
  return (int32_t)filled;
}
