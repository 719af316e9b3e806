/* Captures the output of libvppapiclient, which is shown in reasons only. See vac_bridge.c. */
#ifndef MAGLEV_VAC_OUTPUT_H
#define MAGLEV_VAC_OUTPUT_H

/* From now on standard error is kept, and standard output goes nowhere. 0, or -1. */
int vac_output_keep(void);

/* The last captured line, to be appended to a reason; empty without output. */
const char *vac_output_last(void);

/* From now on standard error goes nowhere: a running library prints more than is useful. */
int vac_output_drop(void);

#endif
