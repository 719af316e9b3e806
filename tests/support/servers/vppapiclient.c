/*
 * Stands in for libvppapiclient where there is no VPP: the same functions, over a unix socket on
 * which the other side speaks as VPP does on its API socket (a test, or the simulator). The file
 * that VPP's shared memory would be, /dev/shm/[PREFIX-]vpe-api, holds the path of that socket.
 *
 * As the real one it must have clib_mem_init() called first, fills in the client index, answers
 * keepalives itself, and blocks. It misbehaves on request, as no real one can: by the
 * client's name when it connects, and by a message id of the other side when it reads.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT void *clib_mem_init(void *base, size_t size);
EXPORT int vac_connect(char *name, char *prefix, void (*callback)(unsigned char *, int), int qlen);
EXPORT int vac_disconnect(void);
EXPORT int vac_read(char **message, int *length, unsigned short timeout);
EXPORT int vac_write(char *message, int length);
EXPORT void vac_free(void *message);
EXPORT int vac_get_msg_index(char *name);

/* Requests of the other side. */
#define CRASH 0xfff0u      /* a bad pointer */
#define LIE_LONG 0xfff1u   /* a length beyond all memory */
#define LIE_EMPTY 0xfff2u  /* a message of no length */
#define THROW_AWAY 0xfff3u /* as the library does with what it cannot place */

#define HEADER 16
#define ENTRY 66

static int has_memory;
static int peer = -1;
static uint32_t client_index;
static uint8_t *table;
static uint32_t table_count;

static uint32_t get(const uint8_t *bytes, int count) {
  uint32_t value = 0;
  for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
  return value;
}

static void put(uint8_t *bytes, int count, uint32_t value) {
  for (int i = 0; i < count; i++) bytes[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
}

static int write_all(const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t done = send(peer, bytes, size, MSG_NOSIGNAL);
    if (done <= 0) return -1;
    bytes += done;
    size -= (size_t)done;
  }
  return 0;
}

static int read_all(uint8_t *bytes, size_t size) {
  return recv(peer, bytes, size, MSG_WAITALL) == (ssize_t)size ? 0 : -1;
}

static int write_frame(const uint8_t *message, size_t length) {
  uint8_t header[HEADER] = {0};
  put(header + 8, 4, (uint32_t)length);
  return write_all(header, sizeof header) < 0 ? -1 : write_all(message, length);
}

static uint8_t *read_frame(uint32_t *length) {
  uint8_t header[HEADER];
  if (read_all(header, sizeof header) < 0) return NULL;
  *length = get(header + 8, 4);
  uint8_t *message = malloc(*length > 0 ? *length : 1);
  if (message != NULL && read_all(message, *length) == 0) return message;
  free(message);
  return NULL;
}

void *clib_mem_init(void *base, size_t size) {
  has_memory = base == NULL && size > 0;
  return &has_memory;
}

static int shake_hands(const char *name) {
  uint8_t request[70] = {0, 15};
  memcpy(request + 6, name, strnlen(name, 63));
  uint32_t length = 0;
  if (write_frame(request, sizeof request) < 0) return -1;
  table = read_frame(&length);
  if (table == NULL || length < 20 || get(table, 2) != 16 || get(table + 10, 4) != 0) return -1;
  client_index = get(table + 14, 4);
  table_count = get(table + 18, 2);
  return 20 + table_count * ENTRY == length ? 0 : -1;
}

int vac_connect(char *name, char *prefix, void (*callback)(unsigned char *, int), int qlen) {
  if (!has_memory || callback != NULL || qlen <= 0) abort();
  if (strcmp(name, "abort") == 0) abort();
  if (strcmp(name, "hang") == 0) {
    sleep(2);
    return -1;
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char segment[300];
  (void)snprintf(segment, sizeof segment, "/dev/shm/%s%svpe-api", prefix == NULL ? "" : prefix,
                 prefix == NULL ? "" : "-");
  FILE *file = fopen(segment, "re");
  if (file == NULL) return -2;
  size_t size = fread(address.sun_path, 1, sizeof address.sun_path - 1, file);
  (void)fclose(file);
  peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (size == 0 || connect(peer, (const struct sockaddr *)&address, sizeof address) < 0 ||
      shake_hands(name) < 0) {
    (void)fprintf(stderr, "vl_client_connect:1: nobody answers\n");
    return -1;
  }
  return 0;
}

int vac_disconnect(void) { return close(peer); }

int vac_write(char *message, int length) {
  uint8_t *copy = malloc((size_t)length);
  if (copy == NULL) return -1;
  memcpy(copy, message, (size_t)length);
  put(copy + 2, 4, client_index);
  int result = write_frame(copy, (size_t)length);
  free(copy);
  return result;
}

static int answer_keepalive(const uint8_t *keepalive) {
  uint8_t reply[10] = {0};
  put(reply, 2, (uint32_t)vac_get_msg_index("memclnt_keepalive_reply_e8d4e804"));
  memcpy(reply + 2, keepalive + 6, 4);
  return write_frame(reply, sizeof reply);
}

int vac_read(char **message, int *length, unsigned short timeout) {
  if (timeout != 0) abort();
  for (;;) {
    uint32_t size = 0;
    uint8_t *bytes = read_frame(&size);
    if (bytes == NULL) return -1;
    uint32_t id = size < 2 ? 0 : get(bytes, 2);
    if (id == CRASH) *(volatile int *)(uintptr_t)(id & 1) = 1;
    *message = (char *)bytes;
    *length = id == LIE_LONG ? INT32_MAX : id == LIE_EMPTY ? 0 : (int)size;
    int is_keepalive = size == 10 && (int)id == vac_get_msg_index("memclnt_keepalive_51077d14");
    if (is_keepalive && answer_keepalive(bytes) < 0) return -1;
    if (!is_keepalive && id != THROW_AWAY) return 0;
    free(bytes);
    if (id == THROW_AWAY) return -5;
  }
}

void vac_free(void *message) { free(message); }

int vac_get_msg_index(char *name) {
  for (uint32_t i = 0; i < table_count; i++) {
    const uint8_t *entry = table + 20 + i * ENTRY;
    if (strncmp((const char *)entry + 2, name, 64) == 0) return (int)get(entry, 2);
  }
  return -1;
}
