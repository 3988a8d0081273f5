/* A libnvidia-ml.so.1 without a GPU, for the real pynvml to load.
 *
 * NVML_STAND_IN is what it plays, words with a space between:
 *     name[:gpu][@call]=number
 * where name is one of this file's functions, which then returns that number from that call on
 * (of that GPU alone), or one of: gpus, slots (a divided GPU's parts as bits), total_bytes,
 * energy_mj, undecodable. Later words win.
 *
 * OLD_DRIVER leaves out what a driver of 2019 (R440) does not have.
 *
 * Structures, codes and version words are those of NVIDIA's nvml.h.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GPUS = 4, SLOTS = 7, MIG_DISABLED = 0, MIG_ENABLED = 1, WHOLE = -1 };
enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, VERSION = 25 };

typedef int nvmlReturn_t;
struct device { int gpu, slot, is_device; };
typedef struct device *nvmlDevice_t;
typedef struct { unsigned gpu, memory; } nvmlUtilization_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
typedef struct {
    unsigned version;
    unsigned long long total, reserved, free, used;
} nvmlMemory_v2_t;
typedef struct { unsigned version, sensor; int celsius; } nvmlTemperature_t;

#define STRUCT_VERSION(type, number) ((unsigned)(sizeof(type) | ((number) << 24)))
#define GIB (1ULL << 30)

static struct device devices[GPUS][SLOTS + 1];

static long long scenario(const char *name, int gpu, unsigned call, long long otherwise) {
    const char *word = getenv("NVML_STAND_IN");
    for (; word && *word; word += strcspn(word, " "), word += strspn(word, " ")) {
        char *end = (char *)word + strcspn(word, ":@= ");
        int is_it = (size_t)(end - word) == strlen(name) && !strncmp(word, name, strlen(name));
        if (*end == ':') is_it &= strtol(end + 1, &end, 10) == gpu;
        if (*end == '@') is_it &= call >= strtoul(end + 1, &end, 10);
        if (is_it && *end == '=') otherwise = strtoll(end + 1, NULL, 0);
    }
    return otherwise;
}

static int failed(const char *function, int gpu, unsigned *calls) {
    return (int)scenario(function, gpu, ++calls[gpu], SUCCESS);
}

#define MAY_FAIL(gpu)                                      \
    static unsigned calls[GPUS];                           \
    nvmlReturn_t code = failed(__func__, (gpu), calls);    \
    if (code != SUCCESS) return code

/* What a handle must be for a call; a part of a GPU can tell very little. */
#define WHOLE_GPU(device)                                  \
    if (!(device) || !(device)->is_device) return INVALID_ARGUMENT; \
    if ((device)->slot != WHOLE) return NOT_SUPPORTED;     \
    MAY_FAIL((device)->gpu)

#define ANY_DEVICE(device)                                 \
    if (!(device) || !(device)->is_device) return INVALID_ARGUMENT; \
    MAY_FAIL((device)->gpu)

static nvmlDevice_t device_of(int gpu, int slot) {
    nvmlDevice_t device = &devices[gpu][slot + 1];
    device->gpu = gpu;
    device->slot = slot;
    device->is_device = 1;
    return device;
}

nvmlReturn_t nvmlInitWithFlags(unsigned flags) {
    MAY_FAIL(0);
    return flags ? INVALID_ARGUMENT : SUCCESS;
}

nvmlReturn_t nvmlShutdown(void) {
    MAY_FAIL(0);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count) {
    MAY_FAIL(0);
    *count = (unsigned)scenario("gpus", WHOLE, 0, 1);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device) {
    if (index >= GPUS) return INVALID_ARGUMENT;
    MAY_FAIL(index);
    *device = device_of((int)index, WHOLE);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *text, unsigned size) {
    ANY_DEVICE(device);
    if (device->slot == WHOLE) snprintf(text, size, "GPU-%d", device->gpu);
    else snprintf(text, size, "MIG-%d-%d", device->gpu, device->slot);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *text, unsigned size) {
    ANY_DEVICE(device);
    snprintf(text, size, "Stand-in %d%s", device->gpu, device->slot == WHOLE ? "" : " MIG 1g.10gb");
    if (scenario("undecodable", device->gpu, 0, 0)) snprintf(text, size, "\xff\xfe");
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates) {
    WHOLE_GPU(device);
    *rates = (nvmlUtilization_t){.gpu = 70 + device->gpu, .memory = 30 + device->gpu};
    return SUCCESS;
}

/* What is reserved counts as used in the first version, as a driver has it. */
static nvmlMemory_v2_t memory_of(nvmlDevice_t device) {
    unsigned long long whole = scenario("total_bytes", device->gpu, 0, 80 * GIB);
    unsigned long long total = device->slot == WHOLE ? whole : whole / 8;
    nvmlMemory_v2_t memory = {.total = total, .reserved = total / 16, .used = total / 4};
    memory.free = total - memory.reserved - memory.used;
    return memory;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    ANY_DEVICE(device);
    nvmlMemory_v2_t split = memory_of(device);
    memory->total = split.total;
    memory->free = split.free;
    memory->used = split.used + split.reserved;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, unsigned sensor, unsigned *celsius) {
    WHOLE_GPU(device);
    if (sensor) return INVALID_ARGUMENT;
    *celsius = 50 + device->gpu;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts) {
    WHOLE_GPU(device);
    *milliwatts = 200000 + device->gpu;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts) {
    WHOLE_GPU(device);
    *milliwatts = 300000 + device->gpu;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device, unsigned *milliwatts) {
    WHOLE_GPU(device);
    *milliwatts = 350000 + device->gpu;
    return SUCCESS;
}

/* More than 32 bits hold, and 2.5 J more at each asking. */
nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long *mj) {
    WHOLE_GPU(device);
    unsigned call = calls[device->gpu];
    *mj = scenario("energy_mj", device->gpu, call, 10000000000LL + 2500 * (call - 1));
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device,
                                                       unsigned long long *bits) {
    WHOLE_GPU(device);
    *bits = 0x8;
    return SUCCESS;
}

#ifndef OLD_DRIVER
_Static_assert(sizeof(nvmlMemory_v2_t) == 40, "nvmlMemory_v2_t is 40 bytes in nvml.h");
_Static_assert(sizeof(nvmlTemperature_t) == 12, "nvmlTemperature_v1_t is 12 bytes in nvml.h");

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
    ANY_DEVICE(device);
    if (memory->version != STRUCT_VERSION(nvmlMemory_v2_t, 2)) return VERSION;
    *memory = memory_of(device);
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *temperature) {
    WHOLE_GPU(device);
    if (temperature->version != STRUCT_VERSION(nvmlTemperature_t, 1)) return VERSION;
    if (temperature->sensor) return INVALID_ARGUMENT;
    temperature->celsius = 60 + device->gpu;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device,
                                                    unsigned long long *bits) {
    WHOLE_GPU(device);
    *bits = 0x4;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending) {
    WHOLE_GPU(device);
    *current = *pending = scenario("slots", device->gpu, 0, 0) ? MIG_ENABLED : MIG_DISABLED;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count) {
    WHOLE_GPU(device);
    *count = SLOTS;
    return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned slot,
                                                 nvmlDevice_t *part) {
    WHOLE_GPU(device);
    if (slot >= SLOTS) return INVALID_ARGUMENT;
    if (!(scenario("slots", device->gpu, 0, 0) >> slot & 1)) return NOT_FOUND;
    *part = device_of(device->gpu, (int)slot);
    return SUCCESS;
}
#endif
