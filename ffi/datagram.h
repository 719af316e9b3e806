/* What ICMP and UDP sockets have in common: addresses, and the time when a packet arrived. */
#ifndef MAGLEV_DATAGRAM_H
#define MAGLEV_DATAGRAM_H

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

union any_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* The two clocks at one moment: arrivals are stamped with the wall clock, which may jump. */
struct moment {
  double wall_ms;
  double monotonic_ms;
};

static inline double to_ms(const struct timespec *time) {
  return (double)time->tv_sec * 1e3 + (double)time->tv_nsec / 1e6;
}

static inline double now_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return to_ms(&now);
}

static inline int set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

static inline const struct cmsghdr *find_control(struct msghdr *message, int level, int type,
                                                 size_t size) {
  for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
    if (at->cmsg_level == level && at->cmsg_type == type && at->cmsg_len >= CMSG_LEN(size)) {
      return at;
    }
  }
  return NULL;
}

static inline double arrival_ms(struct msghdr *message, const struct moment *now) {
  struct timespec stamp;
  const struct cmsghdr *header =
      find_control(message, SOL_SOCKET, SCM_TIMESTAMPNS, sizeof stamp);
  if (header == NULL) return now->monotonic_ms;
  memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
  double age_ms = now->wall_ms - to_ms(&stamp);
  /* A minute or more, or a future: the wall clock was set meanwhile. */
  return now->monotonic_ms - (age_ms > 0 && age_ms < 60000 ? age_ms : 0);
}

#endif
