/* What libvppapiclient prints, which nobody is to see but in a reason. See vac_bridge.c. */
#ifndef MAGLEV_VAC_OUTPUT_H
#define MAGLEV_VAC_OUTPUT_H

/* From now on standard error is kept, and standard output goes nowhere. 0, or -1. */
int vac_output_keep(void);

/* The last line of what was kept, to be put behind a reason; empty when there is none. */
const char *vac_output_last(void);

/* From now on standard error goes nowhere: a library that runs says more than anybody reads. */
int vac_output_drop(void);

#endif
