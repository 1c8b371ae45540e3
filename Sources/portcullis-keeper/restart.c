#include "keeper.h"

enum { MOST = 5, WINDOW = 60000, FIRST_PAUSE = 100, LONGEST_PAUSE = 10000, FORGOTTEN = 60000 };

int restart_plan(struct restarts *restarts, int64_t started, int64_t now, int signal) {
    restarts->signal = signal;
    // The oldest of the last five.
    int64_t *kill = &restarts->kills[restarts->count % MOST];
    if (restarts->count >= MOST && now - *kill < WINDOW) return 0;
    *kill = now;
    restarts->count++;
    if (now - started >= FORGOTTEN || restarts->pause == 0) restarts->pause = FIRST_PAUSE;
    else restarts->pause = restarts->pause * 2 < LONGEST_PAUSE ? restarts->pause * 2 : LONGEST_PAUSE;
    restarts->due = now + restarts->pause;
    return 1;
}
