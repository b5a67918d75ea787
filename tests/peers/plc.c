/* A station PLC on libmodbus: our register map, written down once more from its description.
 *
 * usage: plc tcp PORT | plc rtu TTY
 *
 * It knows CLAIM and INDENT (a cycle that takes no time) and measures at once.
 * Registers 200 and up are the test's: 200 counts the writes carried out, cycles
 * are counted in 107; what is written to 201 befalls the next request, with 202
 * as its argument.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EPOCH = 0, SEQUENCE = 2, COMMAND = 3, TAG = 4, PRELIMINARY = 6, TOTAL = 7, MEASURE = 20 };
enum { BOOT = 100, HELD = 102, ACCEPTED = 104, CYCLES = 107, END = 109, CYCLE_TAG = 110 };
enum { DWELT = 111, LOADED = 112, FORCE = 114, REFUSED = 116, REFUSAL = 117, INPUTS = 118 };
enum { TEMPERATURE = 124, HUMIDITY = 125, IDENTITY = 126, VERSION = 127, RESULTS = 128 };
enum { MEASURED = 150, CODE = 158, WRITES = 200, MISHAP = 201, ARGUMENT = 202, REGISTERS = 203 };
enum { CLAIM = 1, INDENT = 2 };
enum { NOTHING = 0, LATE = 1, TORN = 2, EXCEPTION = 3, SILENT = 4 };

static uint16_t *word;

static uint32_t wide(int at) { return (uint32_t)word[at] << 16 | word[at + 1]; }

static void put_wide(int at, uint32_t value) {
    word[at] = value >> 16;
    word[at + 1] = value & 0xFFFF;
}

static void switch_on(void) {
    word[IDENTITY] = 0x4853;
    word[VERSION] = 2;
    put_wide(BOOT, 70000);
    word[INPUTS] = 0x13; /* door and safety closed, a block at the tester */
    word[TEMPERATURE] = (uint16_t)-525;
    word[HUMIDITY] = 4500;
}

static void indent(void) {
    put_wide(CYCLES, wide(CYCLES) + 1);
    word[END] = 1; /* complete */
    word[CYCLE_TAG] = word[TAG];
    word[DWELT] = word[PRELIMINARY];
    word[LOADED] = 4000;
    word[DWELT + 2] = word[TOTAL];
    put_wide(FORCE, 14710);
    put_wide(RESULTS, wide(RESULTS) + 1);
}

static void obey(void) {
    uint16_t ahead = word[SEQUENCE] - word[ACCEPTED];
    if (ahead == 0 || ahead >= 0x8000) return;
    if (word[COMMAND] == CLAIM && wide(EPOCH) > wide(HELD)) {
        put_wide(HELD, wide(EPOCH));
    } else if (word[COMMAND] == INDENT && wide(EPOCH) == wide(HELD)) {
        indent();
    } else {
        word[REFUSED] = word[SEQUENCE];
        word[REFUSAL] = wide(EPOCH) == wide(HELD) ? 2 : 1;
        return;
    }
    word[ACCEPTED] = word[SEQUENCE];
    word[REFUSAL] = 0;
}

static void measure(void) {
    if (word[MEASURE] == word[MEASURED]) return;
    word[MEASURED] = word[MEASURE];
    put_wide(MEASURED + 1, 6012);
    put_wide(MEASURED + 3, 70001);
    put_wide(MEASURED + 5, 64002);
    word[MEASURED + 7] = 5;
    word[CODE] = 'L' << 8 | 'I';
    word[CODE + 1] = 'B' << 8 | '-';
    word[CODE + 2] = '7' << 8;
}

/* Send the beginning of an answer and hang up. */
static void tear(modbus_t *line, const uint8_t *request) {
    uint8_t answer[12];
    memcpy(answer, request, 8);
    answer[4] = 0;
    answer[5] = 60;
    memset(answer + 8, 0x55, 4);
    send(modbus_get_socket(line), answer, sizeof answer, MSG_NOSIGNAL);
}

/* Carry out an FC16 that libmodbus shall not answer. */
static void store(const uint8_t *pdu) {
    int start = pdu[1] << 8 | pdu[2];
    for (int i = 0; i < pdu[5] / 2; i++) word[start + i] = pdu[6 + 2 * i] << 8 | pdu[7 + 2 * i];
}

/* Carry out one request and answer it; return -1 when the line is to be hung up. */
static int serve(modbus_t *line, modbus_mapping_t *map, const uint8_t *request, int length) {
    int header = modbus_get_header_length(line);
    int mishap = word[MISHAP], argument = word[ARGUMENT];
    if (mishap == EXCEPTION) {
        word[MISHAP] = NOTHING;
        return modbus_reply_exception(line, request, argument);
    }
    int function = request[header];
    int writes = function == 6 || function == 16;
    if (mishap) word[MISHAP] = NOTHING;
    /* The whole PLC stalls: the request is carried out late as well as answered late. */
    if (mishap == LATE) usleep(argument * 1000);
    int done = 0;
    if (mishap == TORN || mishap == SILENT) {
        if (function == 16) store(request + header);
        if (mishap == TORN) tear(line, request);
    } else {
        done = modbus_reply(line, request, length, map);
    }
    if (writes && done >= 0) {
        word[WRITES]++;
        obey();
        measure();
    }
    return mishap == TORN ? -1 : 0;
}

static void talk(modbus_t *line, modbus_mapping_t *map) {
    uint8_t request[MODBUS_RTU_MAX_ADU_LENGTH + MODBUS_TCP_MAX_ADU_LENGTH];
    for (;;) {
        int length = modbus_receive(line, request);
        if (length > 0 && serve(line, map, request, length) < 0) return;
        if (length < 0 && errno != EMBBADCRC && errno != ETIMEDOUT) return;
    }
}

int main(int count, char **argument) {
    if (count != 3) return 2;
    int tcp = strcmp(argument[1], "tcp") == 0;
    modbus_t *line = tcp ? modbus_new_tcp("127.0.0.1", atoi(argument[2]))
                         : modbus_new_rtu(argument[2], 115200, 'N', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new(0, 0, REGISTERS, 0);
    if (!line || !map) return 3;
    /* Both areas show the same words. */
    word = map->tab_registers;
    map->tab_input_registers = word;
    map->nb_input_registers = REGISTERS;
    switch_on();
    modbus_set_slave(line, 1);
    int listener = tcp ? modbus_tcp_listen(line, 4) : modbus_connect(line);
    if (listener < 0) return 4;
    puts("ready");
    fflush(stdout);
    while (tcp && modbus_tcp_accept(line, &listener) >= 0) {
        talk(line, map);
        modbus_close(line);
    }
    if (!tcp) talk(line, map);
    return 0;
}
