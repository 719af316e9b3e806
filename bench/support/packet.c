/*
 * The reference for probes with packets (bench/probes.ts): the least an honest prober must do. Each
 * of N servers gets a packet once an interval, spread evenly and sent in batches. An answer counts
 * when its numbers are those of a packet that was sent. Needs root.
 *
 *   packet N INTERVAL_MS SECONDS                  an echo request to 127.1.0.1 and so on
 *   packet N INTERVAL_MS SECONDS VIP SOURCE PORT  one to VIP, or with PORT a SYN, in GRE from SOURCE
 *                                                 to 10.1.0.1 and so on
 *
 * The kernel resets what a server opens, because PORT is asked from a port that is only bound.
 * Prints the numbers of packets and of answers as JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BYTES = 128, PAYLOAD = 24, GRE = 4, GRE_HOPS = 127, INNER_HOPS = 64 };

/* What is sent: a message of ICMP or TCP, in GRE when there is a VIP. */
static struct {
  uint32_t vip, own, tunnel;
  uint16_t port, held;
} path;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static uint32_t sum_of(const void *bytes, size_t length, uint32_t sum) {
  const uint8_t *at = bytes;
  for (size_t i = 0; i + 1 < length; i += 2) sum += (uint32_t)at[i] << 8 | at[i + 1];
  return sum;
}

static uint16_t checksum(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons((uint16_t)~sum);
}

static void put_ip(uint8_t *at, size_t length, uint8_t protocol, uint32_t from, uint32_t to) {
  struct iphdr ip = {.version = 4, .ihl = 5, .tot_len = htons((uint16_t)length), .protocol = protocol,
                     .ttl = protocol == IPPROTO_GRE ? GRE_HOPS : INNER_HOPS, .saddr = from, .daddr = to};
  ip.check = checksum(sum_of(&ip, sizeof ip, 0));
  memcpy(at, &ip, sizeof ip);
}

/* The message for packet `number`; its length. */
static size_t put_message(uint8_t *at, uint32_t number) {
  if (path.port == 0) {
    struct icmphdr icmp = {.type = ICMP_ECHO, .un.echo = {.id = htons((uint16_t)getpid()),
                                                          .sequence = htons((uint16_t)number)}};
    icmp.checksum = checksum(sum_of(&icmp, sizeof icmp, 0));
    memcpy(at, &icmp, sizeof icmp);
    memset(at + sizeof icmp, 0, PAYLOAD);
    return sizeof icmp + PAYLOAD;
  }
  struct tcphdr tcp = {.source = htons(path.held), .dest = htons(path.port), .seq = htonl(number),
                       .doff = sizeof tcp / 4, .syn = 1, .window = 0xffff};
  uint32_t sum = sum_of(&path.own, 4, sum_of(&path.vip, 4, IPPROTO_TCP + sizeof tcp));
  tcp.check = checksum(sum_of(&tcp, sizeof tcp, sum));
  memcpy(at, &tcp, sizeof tcp);
  return sizeof tcp;
}

static size_t put_packet(uint8_t *at, uint32_t number, uint32_t server) {
  if (path.vip == 0) return put_message(at, number);
  const size_t headers = sizeof(struct iphdr) + GRE, inner = headers + sizeof(struct iphdr);
  size_t length = inner + put_message(at + inner, number);
  uint8_t protocol = path.port == 0 ? IPPROTO_ICMP : IPPROTO_TCP;
  put_ip(at + headers, length - headers, protocol, path.own, path.vip);
  memcpy(at + sizeof(struct iphdr), "\0\0\x08\0", GRE);
  put_ip(at, length, IPPROTO_GRE, path.tunnel, server);
  return length;
}

/* Sends packets `from` to `to`. */
static void send_packets(int fd, int64_t from, int64_t to, int count) {
  static uint8_t bytes[BATCH][BYTES];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  struct sockaddr_in servers[BATCH];
  while (from < to) {
    int batch = to - from < BATCH ? (int)(to - from) : BATCH;
    for (int i = 0; i < batch; i++) {
      uint32_t index = (uint32_t)((from + i) % count), first = path.vip == 0 ? 127u : 10u;
      uint32_t address = htonl(first << 24 | 1u << 16 | index / 250 << 8 | (index % 250 + 1));
      servers[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = address};
      parts[i] = (struct iovec){bytes[i], put_packet(bytes[i], (uint32_t)(from + i), address)};
      messages[i].msg_hdr = (struct msghdr){.msg_name = &servers[i], .msg_namelen = sizeof servers[i],
                                            .msg_iov = &parts[i], .msg_iovlen = 1};
    }
    (void)sendmmsg(fd, messages, (unsigned)batch, 0);
    from += batch;
  }
}

/* Takes the packets that arrived; the number of answers to the packets before `sent`. */
static uint64_t take_answers(int fd, int64_t sent) {
  static uint8_t bytes[BATCH][BYTES];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  uint64_t answers = 0;
  for (int count = BATCH; count == BATCH;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){bytes[i], BYTES};
      messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
      const uint8_t *message = bytes[i] + (bytes[i][0] & 15) * 4;
      if (path.port == 0) {
        struct icmphdr icmp;
        memcpy(&icmp, message, sizeof icmp);
        answers += icmp.type == ICMP_ECHOREPLY && icmp.un.echo.id == htons((uint16_t)getpid());
      } else {
        struct tcphdr tcp;
        memcpy(&tcp, message, sizeof tcp);
        answers += tcp.syn && tcp.ack && ntohl(tcp.ack_seq) - 1 < sent;
      }
    }
  }
  return answers;
}

/* A socket for answers: of ICMP, or of TCP to a port that is held. */
static int open_answers(void) {
  int fd = socket(AF_INET, SOCK_RAW, path.port == 0 ? IPPROTO_ICMP : IPPROTO_TCP);
  if (fd < 0) fail("socket");
  if (path.port == 0) {
    struct icmp_filter filter = {.data = ~(1u << ICMP_ECHOREPLY)};
    setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
    return fd;
  }
  struct sockaddr_in any = {.sin_family = AF_INET};
  socklen_t size = sizeof any;
  int hold = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(hold, (void *)&any, sizeof any) < 0) fail("bind");
  getsockname(hold, (void *)&any, &size);
  path.held = ntohs(any.sin_port);
  struct sock_filter code[] = {
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, path.held, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, BYTES),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog filter = {sizeof code / sizeof *code, code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0) fail("filter");
  return fd;
}

/* The address of this host from which it reaches `to`. */
static uint32_t own_address(uint32_t to) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = to};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (connect(fd, (void *)&address, sizeof address) < 0) fail("connect");
  getsockname(fd, (void *)&address, &size);
  close(fd);
  return address.sin_addr.s_addr;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 7) return 2;
  int count = atoi(argv[1]), interval_ms = atoi(argv[2]), seconds = atoi(argv[3]);
  if (argc == 7) {
    path.vip = inet_addr(argv[4]);
    path.tunnel = inet_addr(argv[5]);
    path.port = (uint16_t)atoi(argv[6]);
    path.own = own_address(path.vip);
  }
  int answers_fd = open_answers();
  int fd = path.vip == 0 ? answers_fd : socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (fd < 0) fail("socket");
  int64_t from = now_us(), until = from + seconds * 1000000LL, sent = 0;
  uint64_t answers = 0;
  for (int64_t now = from; now < until; now = now_us()) {
    int64_t due = (now - from) * count / (interval_ms * 1000LL);
    send_packets(fd, sent, due, count);
    sent = due;
    struct pollfd ready = {.fd = answers_fd, .events = POLLIN};
    if (poll(&ready, 1, 1) > 0) answers += take_answers(answers_fd, sent);
  }
  printf("{\"sent\":%lld,\"answers\":%llu}\n", (long long)sent, (unsigned long long)answers);
  return 0;
}
