#include "keeper.h"

#include <stdio.h>
#include <string.h>

int memory_kills(void) {
    char line[4096], path[4200];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return 0;
    int is_found = 0;
    while (!is_found && fgets(line, sizeof line, file)) is_found = strncmp(line, "0::", 3) == 0;
    fclose(file);
    if (!is_found) return 0;
    line[strcspn(line, "\n")] = 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.events", line + 3);
    file = fopen(path, "re");
    if (!file) return 0;
    int count = 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "oom_kill %d", &count) == 1) break;
    fclose(file);
    return count;
}
