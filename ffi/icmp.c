/* ICMP sockets: open, send and receive in batches, wait. See shim.h. */
#define _GNU_SOURCE
#include "datagram.h"
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* SO_MEMINFO's fields (linux/sock_diag.h, which clashes with libc's headers on some systems). */
#define MEMINFO_RMEM_ALLOC 0
#define MEMINFO_RCVBUF 1
#define MEMINFO_DROPS 8
#define MEMINFO_VARS 9

/* Messages per system call. */
#define BATCH 64

/* Room for 10,000 answers of a moment, where the system lets us have it. */
#define RECEIVE_BUFFER (8 << 20)
#define SEND_BUFFER (1 << 20)

/* An IPv4 header with all options, and a message. */
#define DATAGRAM_MAX (60 + sizeof(((struct maglev_icmp_received *)0)->packet))

#define ERRORS_PER_BATCH 8

/* ---- Opening ---- */

/*
 * Passes only answers to the socket's identifier, and errors that quote it: every raw socket gets a
 * copy of all ICMP packets, and each worker has a socket. `from` is the offset of the ICMP message
 * in the filter's input; quoted requests have IPv4 headers without options. Packets that are too
 * short for a load are dropped.
 */
static int filter_raw4(int fd, uint16_t id) {
  struct icmp_filter types;
  types.data = ~((1U << ICMP_ECHOREPLY) | (1U << ICMP_DEST_UNREACH) | (1U << ICMP_TIME_EXCEEDED) |
                 (1U << ICMP_PARAMETERPROB));
  if (setsockopt(fd, SOL_RAW, ICMP_FILTER, &types, sizeof types) < 0) return -1;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),                     /* x = length of IP header */
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),                      /* type */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHOREPLY, 4, 0),  /* an answer */
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 8 + 9),                  /* quoted protocol */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 0, 5),    /* another's */
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 8 + 20 + 4),             /* quoted identifier */
      BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),                      /* identifier */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int filter_raw6(int fd, uint16_t id) {
  struct icmp6_filter types;
  ICMP6_FILTER_SETBLOCKALL(&types);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &types);
  ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &types);
  ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &types);
  ICMP6_FILTER_SETPASS(ICMP6_PARAM_PROB, &types);
  if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &types, sizeof types) < 0) return -1;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),                       /* type */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 4, 0), /* an answer */
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8 + 6),                   /* quoted next header */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 5),   /* another's */
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 8 + 40 + 4),              /* quoted identifier */
      BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),                       /* identifier */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* A datagram socket gets its identifier when it is bound; it reports errors on request. */
static int prepare_datagram(int fd, int domain, uint32_t *id) {
  union any_address name;
  memset(&name, 0, sizeof name);
  name.any.sa_family = (sa_family_t)domain;
  socklen_t length = domain == AF_INET ? sizeof name.v4 : sizeof name.v6;
  int level = domain == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  int option = domain == AF_INET ? IP_RECVERR : IPV6_RECVERR;
  if (set_int(fd, level, option, 1) < 0) return -1;
  if (bind(fd, &name.any, length) < 0 || getsockname(fd, &name.any, &length) < 0) return -1;
  *id = ntohs(domain == AF_INET ? name.v4.sin_port : name.v6.sin6_port);
  return 0;
}

static int prepare(int fd, int domain, uint32_t kind, uint32_t *id) {
  if (set_int(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) < 0) return -1;
  /* Sizes are requests; the first needs CAP_NET_ADMIN, the others are cut to the system's bound. */
  if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER) < 0) {
    (void)set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
  }
  (void)set_int(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
  if (kind == MAGLEV_ICMP_DATAGRAM) return prepare_datagram(fd, domain, id);
  return domain == AF_INET ? filter_raw4(fd, (uint16_t)*id) : filter_raw6(fd, (uint16_t)*id);
}

int32_t maglev_icmp_open(uint32_t family, uint32_t allow, uint32_t id, uint32_t *about,
                         uint32_t about_size) {
  if ((family != 4 && family != 6) || id > 0xffff || about_size < 2 * sizeof *about) {
    return -EINVAL;
  }
  int domain = family == 4 ? AF_INET : AF_INET6;
  int protocol = family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  int error = EINVAL;
  for (uint32_t kind = MAGLEV_ICMP_RAW; kind <= MAGLEV_ICMP_DATAGRAM; kind++) {
    if ((allow & kind) == 0) continue;
    int type = kind == MAGLEV_ICMP_RAW ? SOCK_RAW : SOCK_DGRAM;
    int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (fd < 0) {
      error = errno;
      if (error == EPERM || error == EACCES) continue;
      return -error;
    }
    if (prepare(fd, domain, kind, &id) < 0) {
      error = errno;
      close(fd);
      return -error;
    }
    about[0] = kind;
    about[1] = id;
    return maglev_own(fd);
  }
  return -error;
}

/* ---- Sending ---- */

struct control {
  _Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static socklen_t put_destination(const struct maglev_icmp_send *record, uint32_t family,
                                 union any_address *name) {
  memset(name, 0, sizeof *name);
  if (family == 4) {
    name->v4.sin_family = AF_INET;
    memcpy(&name->v4.sin_addr, record->destination, sizeof name->v4.sin_addr);
    return sizeof name->v4;
  }
  name->v6.sin6_family = AF_INET6;
  name->v6.sin6_scope_id = record->scope;
  memcpy(&name->v6.sin6_addr, record->destination, sizeof name->v6.sin6_addr);
  return sizeof name->v6;
}

/* The source goes along as control data, so that one socket serves all sources. */
static void put_source(const struct maglev_icmp_send *record, uint32_t family,
                       struct control *control, struct msghdr *message) {
  if (record->has_source == 0) return;
  size_t size = family == 4 ? sizeof(struct in_pktinfo) : sizeof(struct in6_pktinfo);
  memset(control, 0, sizeof *control);
  message->msg_control = control->bytes;
  message->msg_controllen = CMSG_SPACE(size);
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  header->cmsg_len = CMSG_LEN(size);
  if (family == 4) {
    struct in_pktinfo info = {0};
    memcpy(&info.ipi_spec_dst, record->source, sizeof info.ipi_spec_dst);
    header->cmsg_level = IPPROTO_IP;
    header->cmsg_type = IP_PKTINFO;
    memcpy(CMSG_DATA(header), &info, sizeof info);
  } else {
    struct in6_pktinfo info = {.ipi6_ifindex = record->scope};
    memcpy(&info.ipi6_addr, record->source, sizeof info.ipi6_addr);
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = IPV6_PKTINFO;
    memcpy(CMSG_DATA(header), &info, sizeof info);
  }
}

/*
 * Sends messages[0..count). An error is that of the first message, or one left over from an
 * earlier message of a datagram socket, which asking once clears: so it is tried twice.
 */
static void send_all(int fd, struct mmsghdr *messages, struct maglev_icmp_send *records,
                     unsigned count) {
  unsigned at = 0;
  int tries = 0;
  while (at < count) {
    double sent_ms = now_ms(CLOCK_MONOTONIC);
    int sent = sendmmsg(fd, messages + at, count - at, MSG_NOSIGNAL);
    int error = sent < 0 ? errno : 0;
    for (int i = 0; i < sent; i++, at++) {
      records[at].sent_ms = sent_ms;
      records[at].status = 0;
    }
    if (sent > 0) tries = 0;
    if (error == 0 || error == EINTR || tries++ == 0) continue;
    records[at].sent_ms = sent_ms;
    records[at].status = -error;
    at++;
    tries = 0;
  }
}

int32_t maglev_icmp_send(int32_t fd, uint32_t family, uint8_t *bytes, uint32_t bytes_size) {
  if (!maglev_is_own(fd)) return -EBADF;
  if ((family != 4 && family != 6) || bytes_size % sizeof(struct maglev_icmp_send) != 0 ||
      (uintptr_t)bytes % _Alignof(struct maglev_icmp_send) != 0) {
    return -EINVAL;
  }
  struct maglev_icmp_send *records = (struct maglev_icmp_send *)(void *)bytes;
  uint32_t total = bytes_size / sizeof *records;
  int32_t sent = 0;
  for (uint32_t start = 0; start < total; start += BATCH) {
    unsigned count = total - start < BATCH ? total - start : BATCH;
    struct mmsghdr messages[BATCH];
    union any_address names[BATCH];
    struct iovec vectors[BATCH];
    struct control controls[BATCH];
    memset(messages, 0, sizeof messages);
    for (unsigned i = 0; i < count; i++) {
      struct maglev_icmp_send *record = records + start + i;
      if (record->length > sizeof record->packet) return -EINVAL;
      struct msghdr *message = &messages[i].msg_hdr;
      vectors[i] = (struct iovec){.iov_base = record->packet, .iov_len = record->length};
      message->msg_name = &names[i];
      message->msg_namelen = put_destination(record, family, &names[i]);
      message->msg_iov = &vectors[i];
      message->msg_iovlen = 1;
      put_source(record, family, &controls[i], message);
    }
    send_all(fd, messages, records + start, count);
    for (unsigned i = 0; i < count; i++) sent += records[start + i].status == 0;
  }
  return sent;
}

/* ---- Receiving ---- */

/* Control data: a time stamp, and for errors a report with the address of who made it. */
struct reception {
  _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(
      sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6))];
  union any_address name;
  uint8_t bytes[DATAGRAM_MAX];
};

static void put_address(struct maglev_icmp_received *record, const union any_address *name) {
  if (name->any.sa_family == AF_INET) {
    memcpy(record->address, &name->v4.sin_addr, sizeof name->v4.sin_addr);
  } else if (name->any.sa_family == AF_INET6) {
    memcpy(record->address, &name->v6.sin6_addr, sizeof name->v6.sin6_addr);
    record->scope = name->v6.sin6_scope_id;
  }
}

static void put_packet(struct maglev_icmp_received *record, const uint8_t *bytes, size_t length) {
  if (length > sizeof record->packet) length = sizeof record->packet;
  memcpy(record->packet, bytes, length);
  record->length = (uint32_t)length;
}

/* Raw IPv4 sockets hand out the IP header too. False: too short to be anything. */
static int skip_ip_header(const uint8_t **bytes, size_t *length) {
  if (*length == 0 || (*bytes)[0] >> 4 != 4) return 1;
  size_t header = (size_t)((*bytes)[0] & 15) * 4;
  if (header < 20 || *length < header) return 0;
  *bytes += header;
  *length -= header;
  return 1;
}

static int is_raw(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_RAW;
}

static void prepare_message(struct msghdr *message, struct iovec *vector,
                            struct reception *reception) {
  *vector = (struct iovec){.iov_base = reception->bytes, .iov_len = sizeof reception->bytes};
  memset(message, 0, sizeof *message);
  message->msg_name = &reception->name;
  message->msg_namelen = sizeof reception->name;
  message->msg_iov = vector;
  message->msg_iovlen = 1;
  message->msg_control = reception->control;
  message->msg_controllen = sizeof reception->control;
}

/* Receives one error of a datagram socket: 1 received, 0 no error is queued. */
static int receive_error(int fd, uint32_t family, struct maglev_icmp_received *record,
                         const struct moment *now) {
  struct reception reception;
  struct iovec vector;
  struct msghdr message;
  memset(&reception.name, 0, sizeof reception.name);
  prepare_message(&message, &vector, &reception);
  ssize_t length = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  if (length < 0) return 0;
  int level = family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
  int type = family == 4 ? IP_RECVERR : IPV6_RECVERR;
  struct sock_extended_err report;
  memset(record, 0, sizeof *record);
  record->kind = MAGLEV_ICMP_QUOTED;
  const struct cmsghdr *header = find_control(&message, level, type, sizeof report);
  if (header == NULL) return 1;
  memcpy(&report, CMSG_DATA(header), sizeof report);
  record->error_type = report.ee_type;
  record->error_code = report.ee_code;
  record->error_errno = report.ee_errno;
  record->local = report.ee_origin == SO_EE_ORIGIN_LOCAL;
  record->received_ms = arrival_ms(&message, now);
  put_address(record, &reception.name);
  put_packet(record, reception.bytes, (size_t)length);
  return 1;
}

static int32_t receive_batch(int fd, int strip, struct maglev_icmp_received *records,
                             unsigned room, const struct moment *now, int *more) {
  struct reception receptions[BATCH];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  unsigned wanted = room < BATCH ? room : BATCH;
  for (unsigned i = 0; i < wanted; i++) {
    memset(&receptions[i].name, 0, sizeof receptions[i].name);
    prepare_message(&messages[i].msg_hdr, &vectors[i], &receptions[i]);
    messages[i].msg_len = 0;
  }
  int count = recvmmsg(fd, messages, wanted, MSG_DONTWAIT, NULL);
  if (count < 0) return -errno;
  *more = (unsigned)count == wanted;
  int32_t kept = 0;
  for (int i = 0; i < count; i++) {
    const uint8_t *bytes = receptions[i].bytes;
    size_t length = messages[i].msg_len;
    if (length > sizeof receptions[i].bytes) length = sizeof receptions[i].bytes;
    if (strip && !skip_ip_header(&bytes, &length)) continue;
    struct maglev_icmp_received *record = records + kept++;
    memset(record, 0, sizeof *record);
    record->kind = MAGLEV_ICMP_MESSAGE;
    record->received_ms = arrival_ms(&messages[i].msg_hdr, now);
    put_address(record, &receptions[i].name);
    put_packet(record, bytes, length);
  }
  return kept;
}

/* True when packets were dropped and these seem to precede them: the queue is nearly empty now. */
static int queue_is_full(int fd) {
  uint32_t info[MEMINFO_VARS] = {0};
  socklen_t size = sizeof info;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) < 0) return 0;
  return info[MEMINFO_DROPS] > 0 && info[MEMINFO_RMEM_ALLOC] >= info[MEMINFO_RCVBUF] / 4 * 3;
}

int32_t maglev_icmp_receive(int32_t fd, uint32_t family, uint8_t *bytes, uint32_t bytes_size,
                            uint32_t *about, uint32_t about_size) {
  if (!maglev_is_own(fd)) return -EBADF;
  if ((family != 4 && family != 6) || bytes_size % sizeof(struct maglev_icmp_received) != 0 ||
      (uintptr_t)bytes % _Alignof(struct maglev_icmp_received) != 0 || about_size < sizeof *about) {
    return -EINVAL;
  }
  struct maglev_icmp_received *records = (struct maglev_icmp_received *)(void *)bytes;
  unsigned room = bytes_size / sizeof *records;
  unsigned filled = 0;
  int raw = is_raw(fd);
  about[0] = (uint32_t)queue_is_full(fd);
  struct moment now = {.wall_ms = now_ms(CLOCK_REALTIME), .monotonic_ms = now_ms(CLOCK_MONOTONIC)};
  if (!raw) {
    while (filled < room && receive_error(fd, family, records + filled, &now)) filled++;
  }
  int more = 1;
  for (int errors = 0; more && filled < room;) {
    int32_t count = receive_batch(fd, raw && family == 4, records + filled, room - filled, &now, &more);
    if (count >= 0) {
      filled += (unsigned)count;
    } else if (count == -EAGAIN || ++errors == ERRORS_PER_BATCH) {
      break;
    }
    /* Other errors are reports about single requests; the error queue has them in full. */
  }
  return (int32_t)filled;
}

/* ---- Waiting ---- */

static struct timespec from_us(uint64_t us) {
  return (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

int32_t maglev_icmp_wait(int32_t a, int32_t b, int32_t wake, uint32_t timeout_ms,
                         uint32_t linger_us) {
  struct pollfd fds[3] = {
      {.fd = wake, .events = POLLIN}, {.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
  struct timespec timeout = from_us((uint64_t)timeout_ms * 1000);
  int count = ppoll(fds, 3, &timeout, NULL);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  if (count > 0 && fds[0].revents == 0 && linger_us > 0) {
    struct timespec linger = from_us(linger_us);
    (void)ppoll(fds, 1, &linger, NULL);
  }
  return (fds[1].revents != 0 ? 1 : 0) | (fds[2].revents != 0 ? 2 : 0) |
         (fds[0].revents != 0 ? 4 : 0);
}
