/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "observe/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNKNOWN "[unknown]"

struct symbol {
	uint64_t address;
	char *name;
};

struct table {
	struct symbol *symbol; /* by address */
	size_t count, room;
};

/* A file that is mapped somewhere. */
struct object {
	char *path, *fallback; /* "[libc.so.6]" */
	struct table table;    /* addresses as its symbol table has them */
	struct {
		uint64_t offset, address, size;
	} segment[8]; /* executable ones */
	int segments;
};

struct mapping {
	pid_t pid;
	uint64_t start, end, offset;
	struct object *object;
};

struct symbols {
	struct table kernel;
	struct object **object;
	size_t objects;
	struct mapping *mapping;
	size_t mappings;
	pid_t *pid; /* whose mappings were read */
	size_t pids;
};

/* The array with room for one more, or NULL where memory is out. */
static void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1)) /* grown to the next power of two before */
		return array;
	return reallocarray(array, count ? 2 * count : 1, size);
}

static void add_symbol(struct table *table, uint64_t address, const char *name)
{
	struct symbol *s = grow(table->symbol, table->count, sizeof(*s));

	if (!s)
		return;
	table->symbol = s;
	s = &table->symbol[table->count];
	*s = (struct symbol){ address, strdup(name) };
	table->count += s->name != NULL;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void sort(struct table *table)
{
	if (table->count)
		qsort(table->symbol, table->count, sizeof(*table->symbol),
		      by_address);
}

/* The last symbol at or before the address. */
static const char *find(const struct table *table, uint64_t address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (table->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? table->symbol[low - 1].name : NULL;
}

static void free_table(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->symbol[i].name);
	free(table->symbol);
}

static int read_kallsyms(struct table *table, struct err *err)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512];
	uint64_t last = 0;

	if (!file)
		return err_sys(err, errno, "/proc/kallsyms");
	while (fgets(line, sizeof(line), file)) {
		char type, name[256];
		uint64_t address;

		if (sscanf(line, "%" SCNx64 " %c %255s", &address, &type,
			   name) != 3)
			continue;
		last |= address;
		if (type == 't' || type == 'T')
			add_symbol(table, address, name);
	}
	fclose(file);
	if (!last)
		return err_set(err, EPERM,
			       "the kernel hides its addresses: set "
			       "kernel.kptr_restrict to 0, or be root");
	sort(table);
	return 0;
}

int symbols_open(struct symbols **symbols, struct err *err)
{
	struct symbols *s = calloc(1, sizeof(*s));
	int rc;

	*symbols = NULL;
	if (!s)
		return err_set(err, ENOMEM, "out of memory");
	elf_version(EV_CURRENT);
	rc = read_kallsyms(&s->kernel, err);
	if (rc)
		symbols_close(s);
	else
		*symbols = s;
	return rc;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	free_table(&symbols->kernel);
	for (size_t i = 0; i < symbols->objects; i++) {
		free_table(&symbols->object[i]->table);
		free(symbols->object[i]->path);
		free(symbols->object[i]->fallback);
		free(symbols->object[i]);
	}
	free(symbols->object);
	free(symbols->mapping);
	free(symbols->pid);
	free(symbols);
}

const char *symbols_of_kernel(const struct symbols *symbols, uint64_t address)
{
	const char *name = find(&symbols->kernel, address);

	return name ? name : UNKNOWN;
}

/*
 * Programs.
 */

static void read_segments(struct object *object, Elf *elf)
{
	size_t count = 0;

	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count && object->segments < 8; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    !(p.p_flags & PF_X))
			continue;
		object->segment[object->segments].offset = p.p_offset;
		object->segment[object->segments].address = p.p_vaddr;
		object->segment[object->segments++].size = p.p_filesz;
	}
}

static void read_section(struct object *object, Elf *elf, Elf_Scn *section,
			 const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count =
		header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

	for (size_t i = 0; data && i < count; i++) {
		const char *name;
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym) ||
		    GELF_ST_TYPE(sym.st_info) != STT_FUNC || !sym.st_value)
			continue;
		name = elf_strptr(elf, header->sh_link, sym.st_name);
		if (name && *name)
			add_symbol(&object->table, sym.st_value, name);
	}
}

static void read_object(struct object *object, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	if (!elf)
		return;
	read_segments(object, elf);
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB ||
		     header.sh_type == SHT_DYNSYM))
			read_section(object, elf, section, &header);
	elf_end(elf);
	sort(&object->table);
}

/* `path` as the process has it; opened through its own root. */
static struct object *object_of(struct symbols *s, pid_t pid, const char *path)
{
	const char *base = strrchr(path, '/');
	char file[PATH_MAX + 32];
	struct object *o, **more;
	int fd;

	for (size_t i = 0; i < s->objects; i++)
		if (strcmp(s->object[i]->path, path) == 0)
			return s->object[i];
	more = grow(s->object, s->objects, sizeof(struct object *));
	if (!more)
		return NULL;
	s->object = more;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->path = strdup(path);
	if (asprintf(&o->fallback, "[%s]", base ? base + 1 : path) < 0)
		o->fallback = NULL;
	s->object[s->objects++] = o;
	snprintf(file, sizeof(file), "/proc/%d/root%s", (int)pid, path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		read_object(o, fd);
		close(fd);
	}
	return o;
}

static void add_mapping(struct symbols *s, const struct mapping *m)
{
	struct mapping *more = grow(s->mapping, s->mappings, sizeof(*m));

	if (!more)
		return;
	s->mapping = more;
	s->mapping[s->mappings++] = *m;
}

static void read_mappings(struct symbols *s, pid_t pid)
{
	char file[64], line[PATH_MAX + 128];
	FILE *maps;

	snprintf(file, sizeof(file), "/proc/%d/maps", (int)pid);
	maps = fopen(file, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		struct mapping m = { .pid = pid };
		char rights[8], path[PATH_MAX] = "";

		if (sscanf(line,
			   "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64
			   " %*s %*s %4095s",
			   &m.start, &m.end, rights, &m.offset, path) < 4 ||
		    rights[2] != 'x' || path[0] != '/')
			continue;
		m.object = object_of(s, pid, path);
		if (m.object)
			add_mapping(s, &m);
	}
	if (maps)
		fclose(maps);
}

static void know_process(struct symbols *s, pid_t pid)
{
	pid_t *more;

	for (size_t i = 0; i < s->pids; i++)
		if (s->pid[i] == pid)
			return;
	more = grow(s->pid, s->pids, sizeof(*more));
	if (!more)
		return;
	s->pid = more;
	s->pid[s->pids++] = pid;
	read_mappings(s, pid);
}

static const char *name_in(const struct mapping *m, uint64_t address)
{
	const struct object *o = m->object;
	uint64_t offset = address - m->start + m->offset;
	const char *name = NULL;

	for (int i = 0; i < o->segments && !name; i++)
		if (offset >= o->segment[i].offset &&
		    offset < o->segment[i].offset + o->segment[i].size)
			name = find(&o->table, offset - o->segment[i].offset +
						       o->segment[i].address);
	if (!name)
		name = o->fallback;
	return name ? name : UNKNOWN;
}

const char *symbols_of_process(struct symbols *symbols, pid_t pid,
			       uint64_t address)
{
	know_process(symbols, pid);
	for (size_t i = 0; i < symbols->mappings; i++) {
		const struct mapping *m = &symbols->mapping[i];

		if (m->pid == pid && address >= m->start && address < m->end)
			return name_in(m, address);
	}
	return UNKNOWN;
}
