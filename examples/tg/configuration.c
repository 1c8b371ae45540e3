// The configuration: two keys of the file, each on a line of its own. A service with more to read would use libyaml.

#include "gateway.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// The value of a line "key: value", with quotation marks taken off. NULL: the line has another key.
static char *value_of(char *line, const char *key) {
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0 || line[length] != ':') return NULL;
    char *value = line + length + 1;
    value += strspn(value, " ");
    value[strcspn(value, "\n")] = 0;
    size_t end = strlen(value);
    if (end >= 2 && (*value == '"' || *value == '\'') && value[end - 1] == *value) {
        value[end - 1] = 0;
        value++;
    }
    return value;
}

int read_configuration(const char *path, char *problem, size_t size, void *context) {
    struct configuration *configuration = context;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        snprintf(problem, size, "%s: %m", path);
        return 1;
    }
    size_t longest_line = 1024;
    char greeting[sizeof configuration->greeting] = "", line[512];
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        char *value;
        if ((value = value_of(line, "longest-line")) != NULL) {
            char *end;
            long length = strtol(value, &end, 10);
            if (end == value || *end != 0 || length < 16 || length > LONGEST_LINE) {
                const char *format = "%s:%d: longest-line takes 16 to %d, not \"%s\"";
                snprintf(problem, size, format, path, number, LONGEST_LINE, value);
                fclose(file);
                return 1;
            }
            longest_line = (size_t)length;
        } else if ((value = value_of(line, "greeting")) != NULL) {
            snprintf(greeting, sizeof greeting, "%s", value);
        }
    }
    fclose(file);
    configuration->longest_line = longest_line;
    pthread_mutex_lock(&lock);
    memcpy(configuration->greeting, greeting, sizeof greeting);
    pthread_mutex_unlock(&lock);
    return 0;
}

size_t copy_greeting(const struct configuration *configuration, char *greeting, size_t size) {
    pthread_mutex_lock(&lock);
    int length = snprintf(greeting, size, "%s", configuration->greeting);
    pthread_mutex_unlock(&lock);
    return (size_t)length;
}
