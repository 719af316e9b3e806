/*
 * Finds libvppapiclient. MAGLEV_VPPAPICLIENT names it; otherwise the system's loader is tried, first
 * with the name without a version (of the package vpp-dev), then with each release's name: the
 * package vpp has only the latter.
 */
#define _GNU_SOURCE
#include "vac_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "libvppapiclient.so"

/* Releases that are looked for, newest first: three a year, named YY.02, YY.06, YY.10. */
#define NEWEST_YEAR 40
#define OLDEST_YEAR 20

/* The library's own heap: it holds little but the message table. Only what is used is resident. */
#define HEAP_BYTES ((size_t)64 << 20)

static void *open_release(void) {
  for (int year = NEWEST_YEAR; year >= OLDEST_YEAR; year--) {
    for (int month = 10; month >= 2; month -= 4) {
      char name[sizeof NAME + 16];
      (void)snprintf(name, sizeof name, NAME ".%02d.%02d", year, month);
      void *handle = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
      if (handle != NULL) return handle;
    }
  }
  return NULL;
}

static void *open_library(char *error, size_t error_size) {
  const char *named = getenv("MAGLEV_VPPAPICLIENT");
  int is_named = named != NULL && named[0] != '\0';
  void *handle = dlopen(is_named ? named : NAME, RTLD_NOW | RTLD_GLOBAL);
  if (handle != NULL) return handle;
  /* Kept: a further dlopen() replaces it. */
  char reason[512];
  (void)snprintf(reason, sizeof reason, "%s", dlerror());
  if (!is_named) handle = open_release();
  if (handle != NULL) return handle;
  (void)snprintf(error, error_size,
                 "libvppapiclient cannot be loaded: %s: it comes with VPP (packages vpp and "
                 "libvppinfra), and MAGLEV_VPPAPICLIENT names it when it is elsewhere",
                 reason);
  return NULL;
}

/* ISO C has no conversion of an object pointer into a function pointer; POSIX has it. */
static int find(void *handle, const char *symbol, void *function, size_t size) {
  void *address = dlsym(handle, symbol);
  if (address == NULL) return 0;
  memcpy(function, &address, size);
  return 1;
}

int vac_library_load(struct vac_library *library, char *error, size_t error_size) {
  void *handle = open_library(error, error_size);
  if (handle == NULL) return -1;
  /* Of libvppinfra, which came with it. Without it the library aborts the process. */
  void *(*clib_mem_init)(void *base, size_t size) = NULL;
  const struct {
    const char *symbol;
    void *function;
  } wanted[] = {
      {"clib_mem_init", &clib_mem_init},       {"vac_connect", &library->connect},
      {"vac_disconnect", &library->disconnect}, {"vac_read", &library->read},
      {"vac_write", &library->write},           {"vac_free", &library->free},
      {"vac_get_msg_index", &library->get_msg_index},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    if (find(handle, wanted[i].symbol, wanted[i].function, sizeof(void *))) continue;
    (void)snprintf(error, error_size,
                   "libvppapiclient has no function %s: MAGLEV_VPPAPICLIENT must name VPP's own",
                   wanted[i].symbol);
    return -1;
  }
  if (clib_mem_init(NULL, HEAP_BYTES) != NULL) return 0;
  (void)snprintf(error, error_size, "libvppapiclient has no memory: clib_mem_init failed");
  return -1;
}
