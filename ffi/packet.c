/* Raw sockets for packets whose IP headers are the caller's. See shim.h. */
#define _GNU_SOURCE
#include "datagram.h"
#include "shim.h"

#include <errno.h>

/* An IP header of either family: the least that a packet has. */
#define HEADER4 20
#define HEADER6 40

int32_t maglev_packet_open(uint32_t family) {
  if (family != 4 && family != 6) return -EINVAL;
  /* For this protocol the kernel expects the header in what is sent, and delivers nothing. */
  int domain = family == 4 ? AF_INET : AF_INET6;
  int fd = socket(domain, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
  return fd < 0 ? -errno : maglev_own(fd);
}

static int32_t send_packet(int32_t fd4, int32_t fd6, const struct maglev_packet *record) {
  const uint8_t *packet = record->packet;
  union any_address to;
  memset(&to, 0, sizeof to);
  if (packet[0] >> 4 == 4) {
    to.v4.sin_family = AF_INET;
    memcpy(&to.v4.sin_addr, packet + 16, sizeof to.v4.sin_addr);
    return sendto(fd4, packet, record->length, MSG_NOSIGNAL, &to.any, sizeof to.v4) < 0 ? -errno : 0;
  }
  to.v6.sin6_family = AF_INET6;
  memcpy(&to.v6.sin6_addr, packet + 24, sizeof to.v6.sin6_addr);
  return sendto(fd6, packet, record->length, MSG_NOSIGNAL, &to.any, sizeof to.v6) < 0 ? -errno : 0;
}

int32_t maglev_packet_send(int32_t fd4, int32_t fd6, uint8_t *bytes, uint32_t bytes_size) {
  if ((fd4 >= 0 && !maglev_is_own(fd4)) || (fd6 >= 0 && !maglev_is_own(fd6))) return -EBADF;
  struct maglev_packet *records = (struct maglev_packet *)(void *)bytes;
  if (bytes_size % sizeof *records != 0 || (uintptr_t)bytes % _Alignof(struct maglev_packet) != 0) {
    return -EINVAL;
  }
  uint32_t count = bytes_size / sizeof *records;
  for (uint32_t i = 0; i < count; i++) {
    uint8_t version = records[i].packet[0] >> 4;
    uint32_t least = version == 4 ? HEADER4 : HEADER6;
    if ((version != 4 && version != 6) || records[i].length < least ||
        records[i].length > sizeof records[i].packet) {
      return -EINVAL;
    }
  }
  int32_t sent = 0;
  for (uint32_t i = 0; i < count; i++) {
    records[i].sent_ms = now_ms(CLOCK_MONOTONIC);
    records[i].status = send_packet(fd4, fd6, records + i);
    sent += records[i].status == 0;
  }
  return sent;
}
