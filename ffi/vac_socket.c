#define _GNU_SOURCE
#include "vac_socket.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

/* Bound of the bytes kept for the daemon. Far above the size of one dump. */
#define KEPT_MAX ((size_t)64 << 20)

/* Timeout of the last notice to a daemon that does not read. */
#define LAST_WORD_MS 200

#define IN_BYTES (2 * (size_t)(VAC_MAX_TO_VPP + VAC_HEADER))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *kept;
static size_t kept_room;
static size_t kept_from; /* first byte not sent yet */
static size_t kept_to;
static int silent;
static int flush_fd = -1;

static uint8_t in[IN_BYTES];
static size_t in_fill;

int vac_socket_start(void) {
  flush_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return flush_fd < 0 ? -1 : 0;
}

int vac_flush_descriptor(void) { return flush_fd; }

void vac_silence(void) {
  pthread_mutex_lock(&lock);
  silent = 1;
  pthread_mutex_unlock(&lock);
}

static void put_header(uint8_t *header, uint32_t length) {
  memset(header, 0, VAC_HEADER);
  for (int i = 0; i < 4; i++) header[8 + i] = (uint8_t)(length >> (24 - 8 * i));
}

static uint32_t length_of(const uint8_t *header) {
  return (uint32_t)header[8] << 24 | (uint32_t)header[9] << 16 | (uint32_t)header[10] << 8 |
         header[11];
}

/* Moves what is kept to the front, where that is worth it. */
static void compact(void) {
  if (kept_from <= kept_to / 2) return;
  memmove(kept, kept + kept_from, kept_to - kept_from);
  kept_to -= kept_from;
  kept_from = 0;
}

static int keep(const uint8_t *bytes, size_t size) {
  compact();
  if (kept_to + size > KEPT_MAX) return -1;
  if (kept_to + size > kept_room) {
    size_t room = kept_room == 0 ? 65536 : kept_room;
    while (room < kept_to + size) room *= 2;
    uint8_t *grown = realloc(kept, room);
    if (grown == NULL) return -1;
    kept = grown;
    kept_room = room;
  }
  if (size > 0) memcpy(kept + kept_to, bytes, size);
  kept_to += size;
  return 0;
}

/* Bytes of a frame that the daemon takes immediately; -1 when it has ended. */
static ssize_t offer(const uint8_t *header, const void *message, uint32_t length) {
  struct iovec parts[2] = {{.iov_base = (void *)(uintptr_t)header, .iov_len = VAC_HEADER},
                           {.iov_base = (void *)(uintptr_t)message, .iov_len = length}};
  struct msghdr frame = {.msg_iov = parts, .msg_iovlen = 2};
  ssize_t sent = sendmsg(VAC_SOCKET, &frame, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

static int send_or_keep(const void *message, uint32_t length) {
  uint8_t header[VAC_HEADER];
  put_header(header, length);
  ssize_t sent = kept_from == kept_to ? offer(header, message, length) : 0;
  if (sent < 0) return -1;
  size_t done = (size_t)sent;
  size_t of_header = done < VAC_HEADER ? done : VAC_HEADER;
  size_t of_message = done - of_header;
  if (done == VAC_HEADER + (size_t)length) return 0;
  if (keep(header + of_header, VAC_HEADER - of_header) < 0) return -1;
  if (keep((const uint8_t *)message + of_message, length - of_message) < 0) return -1;
  const uint64_t one = 1;
  return write(flush_fd, &one, sizeof one) < 0 && errno != EAGAIN ? -1 : 0;
}

int vac_send(const void *message, uint32_t length) {
  pthread_mutex_lock(&lock);
  int result = silent ? 0 : send_or_keep(message, length);
  if (result < 0) {
    /* Both ends see it: the daemon after what it has been sent, and main of the bridge. */
    silent = 1;
    (void)shutdown(VAC_SOCKET, SHUT_RDWR);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

int vac_flush(void) {
  uint64_t count;
  ssize_t ignored = read(flush_fd, &count, sizeof count);
  (void)ignored;
  pthread_mutex_lock(&lock);
  if (!silent && kept_from < kept_to) {
    ssize_t sent = send(VAC_SOCKET, kept + kept_from, kept_to - kept_from,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) kept_from += (size_t)sent;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) silent = 1;
  }
  if (silent) kept_from = kept_to;
  int left = kept_from < kept_to;
  pthread_mutex_unlock(&lock);
  return left;
}

void vac_notice(const char *text) {
  uint8_t message[1024] = {VAC_NOTICE >> 8, VAC_NOTICE & 0xff};
  size_t length = strnlen(text, sizeof message - 2);
  memcpy(message + 2, text, length);
  (void)vac_send(message, (uint32_t)length + 2);
  pthread_mutex_lock(&lock);
  const struct timeval timeout = {.tv_usec = LAST_WORD_MS * 1000};
  (void)setsockopt(VAC_SOCKET, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  while (!silent && kept_from < kept_to) {
    ssize_t sent = send(VAC_SOCKET, kept + kept_from, kept_to - kept_from, MSG_NOSIGNAL);
    if (sent > 0) kept_from += (size_t)sent;
    else if (errno != EINTR) silent = 1;
  }
  silent = 1;
  pthread_mutex_unlock(&lock);
}

void vac_notice_crash(void) {
  static const char text[] = "\xff\xfflibvppapiclient crashed";
  uint8_t frame[VAC_HEADER + sizeof text - 1];
  put_header(frame, sizeof text - 1);
  memcpy(frame + VAC_HEADER, text, sizeof text - 1);
  /* In the middle of another frame it would be garbage; then the end of the stream is the notice. */
  if (silent || kept_from != kept_to) return;
  ssize_t ignored = send(VAC_SOCKET, frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL);
  (void)ignored;
}

int vac_receive(int (*take)(uint8_t *message, uint32_t length)) {
  ssize_t size = recv(VAC_SOCKET, in + in_fill, sizeof in - in_fill, MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (size == 0) return -1;
  in_fill += (size_t)size;
  size_t at = 0;
  int result = 0;
  while (result == 0 && in_fill - at >= VAC_HEADER) {
    uint32_t length = length_of(in + at);
    if (length > VAC_MAX_TO_VPP) {
      result = -2;
      break;
    }
    if (in_fill - at - VAC_HEADER < length) break;
    uint8_t *message = in + at + VAC_HEADER;
    at += VAC_HEADER + length;
    result = take(message, length);
  }
  memmove(in, in + at, in_fill - at);
  in_fill -= at;
  return result;
}
