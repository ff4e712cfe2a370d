#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>
@INCLUDES@
enum { PAGE = 4096, @CONSTANTS@ };

static const char *const bad[] = { @BAD@, NULL };
static const char *const good[] = { @GOOD@, NULL };

static void need(int is_so, const char *what)
{
	if (!is_so)
		err(77, "could not be run: %s", what);
}

/* Units of the old file are filled with a, b, c, .., those that are written with A, B, C, .. */
static void fill(char *at, int first, int count, int letter)
{
	for (int i = 0; i < count; i++)
		memset(at + i * UNIT, letter + first + i, UNIT);
}

/* Puts the file to where it is kept, and takes its pages out of the page cache. */
static void drop(int fd)
{
	need(!fsync(fd) && !syncfs(fd), "fsync");
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* o3 is the old unit 3, n3 the new one, 0 zeros, ? anything else. */
static char *contents(int fd)
{
	static unsigned char b[8 * PAGE];
	ssize_t n = pread(fd, b, sizeof b, 0);
	char *text;
	FILE *out = open_memstream(&text, &(size_t){ 0 });

	fprintf(out, n % UNIT ? "size %zd+" : "size %zd", n / UNIT);
	for (ssize_t at = 0; at < n; at += UNIT) {
		int c = b[at], is_old = c >= 'a' && c <= 'z', is_new = c >= 'A' && c <= 'Z';

		for (ssize_t i = at; i < at + UNIT && i < n; i++)
			if (b[i] != b[at])
				c = '?', is_old = is_new = 0;
		fputs(at ? " " : ": ", out);
		if (is_old || is_new)
			fprintf(out, is_old ? "o%d" : "n%d", c - (is_old ? 'a' : 'A'));
		else
			fputs(c ? "?" : "0", out);
	}
	fclose(out);
	return text;
}

static int among(const char *seen, const char *const *all)
{
	while (*all && strcmp(seen, *all))
		all++;
	return *all != NULL;
}

@FUNCTIONS@int main(int argc, char **argv)
{
	char path[4096], ret[64], *seen;
	struct utsname kernel;

	snprintf(path, sizeof path, "%s/shortcopy-XXXXXX", argc > 1 ? argv[1] : ".");
	int fd = mkstemp(path);
	need(fd >= 0 && !unlink(path), path);

	/* The file: @FILE@ */
@PREPARE@
	/* The source: @SOURCE@ */
@MEMORY@
	ssize_t n = pwritev(fd, data, sizeof data / sizeof *data, POSITION * UNIT);
	if (n < 0)
		snprintf(ret, sizeof ret, "-%s", strerrorname_np(errno));
	else
		snprintf(ret, sizeof ret, n % UNIT ? "%zd+" : "%zd", n / UNIT);
	char *now = contents(fd);
@CHECK@	drop(fd);
	char *then = contents(fd);
	int is_same = !strcmp(now, then);
	need(asprintf(&seen, "%s, %s%s%s", ret, now, is_same ? "" : "; after sync ", is_same ? "" : then) >= 0, "memory");
	uname(&kernel);
	int is_bad = among(seen, bad), is_good = among(seen, good);
	printf("Linux %s: %s: %s\n", kernel.release, seen, is_bad ? "it is there" : is_good ? "not there" : "neither");
	return is_bad ? 1 : is_good ? 0 : 2;
}
