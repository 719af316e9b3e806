/*
 * The reference for bench/ping.ts over shared memory: libvppapiclient itself, in a process that
 * does nothing else. Usage: ping_shm LIBRARY PREFIX SINGLE PIPELINED WINDOW; prints one JSON
 * object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int (*vac_write)(char *message, int length);
static int (*vac_read)(char **message, int *length, unsigned short timeout);
static void (*vac_free)(void *message);
static uint8_t ping[10];

static void fail(const char *what) {
  fprintf(stderr, "%s failed\n", what);
  exit(1);
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void *symbol(void *library, const char *name) {
  void *address = dlsym(library, name);
  if (address == NULL) fail(name);
  return address;
}

static void send_ping(void) {
  if (vac_write((char *)ping, sizeof ping) != 0) fail("vac_write");
}

static void take_reply(void) {
  char *reply;
  int length;
  if (vac_read(&reply, &length, 0) != 0) fail("vac_read");
  vac_free(reply);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 6) fail("usage");
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (library == NULL) fail(argv[1]);
  void *(*clib_mem_init)(void *, size_t) = symbol(library, "clib_mem_init");
  int (*vac_connect)(char *, char *, void *, int) = symbol(library, "vac_connect");
  int (*vac_disconnect)(void) = symbol(library, "vac_disconnect");
  int (*vac_get_msg_index)(char *) = symbol(library, "vac_get_msg_index");
  vac_write = symbol(library, "vac_write");
  vac_read = symbol(library, "vac_read");
  vac_free = symbol(library, "vac_free");
  int single = atoi(argv[3]), pipelined = atoi(argv[4]), window = atoi(argv[5]);

  clib_mem_init(NULL, 64 << 20);
  if (vac_connect("ping_shm", argv[2], NULL, 1024) != 0) fail("vac_connect");
  uint16_t id = htons((uint16_t)vac_get_msg_index("control_ping_51077d14"));
  memcpy(ping, &id, sizeof id);

  double *us = calloc((size_t)single + 1, sizeof *us);
  for (int i = 0; i < single; i++) {
    double start = now_us();
    send_ping();
    take_reply();
    us[i] = now_us() - start;
  }
  qsort(us, (size_t)single, sizeof *us, by_value);

  double start = now_us();
  for (int sent = 0, taken = 0; taken < pipelined; taken++) {
    while (sent < pipelined && sent - taken < window) {
      send_ping();
      sent++;
    }
    take_reply();
  }
  double seconds = (now_us() - start) / 1e6;
  printf("{\"p50Us\":%.1f,\"p99Us\":%.1f,\"pipelinedPerS\":%.0f}\n", us[single / 2],
         us[single * 99 / 100], pipelined / seconds);
  return vac_disconnect();
}
