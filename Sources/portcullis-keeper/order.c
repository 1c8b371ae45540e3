#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_ORDER = 4 << 20 };

static const struct {
    const char *name;
    int resource;
} resources[] = {{"open-files", RLIMIT_NOFILE}, {"processes", RLIMIT_NPROC}, {"data", RLIMIT_DATA}, {"core", RLIMIT_CORE}};

static int number(const char *text, int64_t *value) {
    char *end;
    long long result = strtoll(text, &end, 10);
    if (end == text || *end != 0 || result < 0) return 0;
    *value = result;
    return 1;
}

static int read_ready(struct order *order, const char *text) {
    if (strcmp(text, "notify") == 0) {
        order->ready = READY_NOTIFY;
        return 1;
    }
    if (strncmp(text, "port:", 5) == 0) {
        order->ready = READY_PORT;
        return number(text + 5, &order->ready_value) && order->ready_value > 0 && order->ready_value < 65536;
    }
    if (strncmp(text, "time:", 5) == 0) {
        order->ready = READY_TIME;
        return number(text + 5, &order->ready_value);
    }
    return 0;
}

static int read_limit(struct order *order, const char *text) {
    for (size_t index = 0; index < sizeof resources / sizeof resources[0]; index++) {
        size_t length = strlen(resources[index].name);
        int64_t value;
        if (strncmp(text, resources[index].name, length) != 0 || text[length] != '=') continue;
        if (order->limit_count == 8 || !number(text + length + 1, &value)) return 0;
        order->limits[order->limit_count].resource = resources[index].resource;
        order->limits[order->limit_count++].value = (uint64_t)value;
        return 1;
    }
    return 0;
}

// Reads the whole file, with a zero byte behind it. Returns its size, or -1.
static ssize_t read_file(const char *path, char **content) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return -1;
    struct stat status;
    ssize_t size = 0;
    if (fstat(file, &status) == 0 && status.st_size > 0 && status.st_size <= LONGEST_ORDER
        && (*content = malloc((size_t)status.st_size + 1))) {
        ssize_t count;
        while (size < status.st_size && (count = read(file, *content + size, (size_t)(status.st_size - size))) != 0) {
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) break;
            size += count;
        }
        (*content)[size] = 0;
    }
    close(file);
    return size == status.st_size ? size : -1;
}

static const char damaged[] = "the order of portcullis-node is incomplete";

static const char *read_options(struct order *order, int count, char **words);

const char *order_read(struct order *order, const char *path) {
    memset(order, 0, sizeof *order);
    char *content;
    ssize_t size = read_file(path, &content);
    if (size <= 0 || content[size - 1] != 0) return damaged;
    int texts = 0;
    for (ssize_t index = 0; index < size; index++) texts += content[index] == 0;
    int64_t count;
    if (!number(content, &count) || count >= texts) return damaged;
    // The words, an end, the variables, an end.
    char **list = calloc((size_t)texts + 1, sizeof *list);
    if (!list) return "there is no memory";
    char *text = content + strlen(content) + 1;
    for (int index = 0; index + 1 < texts; index++, text += strlen(text) + 1) list[index < count ? index : index + 1] = text;
    order->environment = list + count + 1;
    return read_options(order, (int)count, list);
}

static const char *read_options(struct order *order, int count, char **words) {
    order->note = "";
    int64_t value = 0;
    int index = 0;
    for (; index + 1 < count && strcmp(words[index], "--") != 0; index += 2) {
        const char *name = words[index], *text = words[index + 1];
        int is_right = 1;
        if (strcmp(name, "--directory") == 0) order->directory = text;
        else if (strcmp(name, "--instance") == 0) order->instance = text;
        else if (strcmp(name, "--version") == 0) order->version = text;
        else if (strcmp(name, "--note") == 0) order->note = text;
        else if (strcmp(name, "--log") == 0) order->log = text;
        else if (strcmp(name, "--work") == 0) order->work = text;
        else if (strcmp(name, "--ready") == 0) is_right = read_ready(order, text);
        else if (strcmp(name, "--limit") == 0) is_right = read_limit(order, text);
        else if (strcmp(name, "--stop-signal") == 0) {
            is_right = number(text, &value) && value > 0 && value < 65;
            order->stop_signal = (int)value;
        } else if (strcmp(name, "--keep-main") == 0) {
            is_right = number(text, &value) && value > 0 && value < 65;
            order->keep_main = (int)value;
        } else if (strcmp(name, "--stop-timeout") == 0) is_right = number(text, &order->stop_timeout);
        else if (strcmp(name, "--time-limit") == 0) is_right = number(text, &order->time_limit);
        else if (strcmp(name, "--lease") == 0) is_right = number(text, &order->lease);
        else if (strcmp(name, "--user") == 0) {
            is_right = number(text, &value) && value > 0;
            order->has_user = 1;
            order->user = (uid_t)value;
        } else if (strcmp(name, "--group") == 0) {
            is_right = number(text, &value) && value > 0;
            order->group = (gid_t)value;
        } else is_right = 0;
        if (!is_right) return damaged;
    }
    if (index + 1 >= count || strcmp(words[index], "--") != 0) return damaged;
    order->program = words + index + 1;
    if (!order->directory || !order->instance || !order->version || !order->log || !order->work || !order->stop_signal)
        return damaged;
    if (order->has_user && !order->group) return damaged;
    return NULL;
}
