/* For tests: prints the failed condition and exits. */
#ifndef MAGLEV_CHECK_H
#define MAGLEV_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                   \
  do {                                                                     \
    if (!(condition)) {                                                    \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

#endif
