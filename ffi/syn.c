/* Sockets for the answers to connection attempts that leave by raw packets. See shim.h. */
#define _GNU_SOURCE
#include "datagram.h"
#include "shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10

#define RECEIVE_BUFFER (1 << 20)

/*
 * Passes SYN-ACK and RST-ACK to `port`: without a filter a raw socket gets a copy of every TCP
 * segment that this host receives. The input begins with the IP header in IPv4 only.
 */
static int filter(int fd, int domain, uint16_t port) {
  struct sock_filter code[] = {
      domain == AF_INET ? (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0)
                        : (struct sock_filter)BPF_STMT(BPF_LDX | BPF_IMM, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),          /* destination port */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 5),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),         /* flags */
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, FLAG_SYN | FLAG_RST | FLAG_ACK),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAG_SYN | FLAG_ACK, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FLAG_RST | FLAG_ACK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/*
 * A bound socket that neither listens nor connects: no other program gets its port, and the kernel
 * resets connections to it. Returns its descriptor, or minus an errno.
 */
static int hold_port(int domain, uint32_t *port) {
  int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  union any_address name;
  memset(&name, 0, sizeof name);
  name.any.sa_family = (sa_family_t)domain;
  socklen_t size = domain == AF_INET ? sizeof name.v4 : sizeof name.v6;
  if ((domain == AF_INET6 && set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) ||
      bind(fd, &name.any, size) < 0 || getsockname(fd, &name.any, &size) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  *port = ntohs(domain == AF_INET ? name.v4.sin_port : name.v6.sin6_port);
  return fd;
}

/* Segments that were received before the filter was there; more than a receive buffer has room for. */
#define MOST_EARLIER 65536

/* Drops what a socket received before it had its filter. */
static void drop_earlier(int fd) {
  char byte;
  for (int i = 0; i < MOST_EARLIER && recv(fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0; i++) {
  }
}

int32_t maglev_syn_open(uint32_t family, uint32_t *about, uint32_t about_size) {
  if ((family != 4 && family != 6) || about_size < 2 * sizeof *about) return -EINVAL;
  int domain = family == 4 ? AF_INET : AF_INET6;
  int fd = socket(domain, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (fd < 0) return -errno;
  uint32_t port = 0;
  int hold = hold_port(domain, &port);
  int error = hold < 0 ? -hold : 0;
  if (error == 0 && (filter(fd, domain, (uint16_t)port) < 0 ||
                     set_int(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1) < 0)) {
    error = errno;
  }
  if (error != 0) {
    close(fd);
    if (hold >= 0) close(hold);
    return -error;
  }
  drop_earlier(fd);
  (void)set_int(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
  int32_t held = maglev_own(hold);
  if (held < 0) {
    close(fd);
    return held;
  }
  int32_t owned = maglev_own(fd);
  if (owned < 0) {
    (void)maglev_close(held);
    return owned;
  }
  about[0] = (uint32_t)held;
  about[1] = port;
  return owned;
}
