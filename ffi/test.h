/* What the shim's tests have in common. */
#ifndef MAGLEV_TEST_H
#define MAGLEV_TEST_H

#include "shim.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) {                                                    \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

/* test_stats.c */
void test_stats(void);

#endif
