//! Texts of our own, in the kernel's manner.
#![allow(dead_code, reason = "not every test uses all of it")]

use c_text::{Config, Expr, File, Function, Hints, Stmt, parse};

pub(crate) fn read(text: &str) -> File {
    read_with(text, &Config::new())
}

pub(crate) fn read_with(text: &str, config: &Config) -> File {
    parse("fs/toy.c", text.as_bytes(), config, &Hints::default()).unwrap_or_else(|why| panic!("{why}"))
}

pub(crate) fn function<'f>(file: &'f File, name: &str) -> &'f Function {
    file.functions().find(|function| &*function.prototype.name == name).unwrap_or_else(|| panic!("no {name}"))
}

pub(crate) fn body(function: &Function) -> &[Stmt] {
    function.body.as_ref().unwrap_or_else(|why| panic!("{why}"))
}

/// The statements of `void f(void) { .. }`.
pub(crate) fn statements(text: &str) -> Vec<Stmt> {
    let file = read(&format!("void f(void)\n{{\n{text}\n}}\n"));
    body(function(&file, "f")).to_vec()
}

/// The one expression of a macro's body.
pub(crate) fn expression(text: &str) -> Expr {
    let file = read(&format!("#define E {text}\n"));
    file.defines[0].expression(&Hints::default()).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// A file with most of what the subset has.
pub(crate) const TOY: &str = r#"
/* A toy file system. */
#include <linux/fs.h>
#include "toy.h"

#ifdef CONFIG_TOY_DEBUG
#define toy_debug(fmt, ...)	printk(KERN_DEBUG fmt, ##__VA_ARGS__)
#else
#define toy_debug(fmt, ...)	do { } while (0)
#endif

#define TOY_SIZE		(1UL << TOY_SHIFT)
#define TOY_MASK		(~(TOY_SIZE - 1))

enum { TOY_OPEN, TOY_SHUT = 4, TOY_AJAR };

struct toy {
	unsigned int		rings;
	struct toy __rcu	*next;
	union {
		loff_t		size;
		void		*data;
	};
	DECLARE_BITMAP(state, 8);
	int (*ring)(struct toy *toy, unsigned long how);
	u8			loud : 1, deep : 2;
};

typedef unsigned long toy_off;

BUFFER_FNS(Loud, loud)

static int toy_ring(struct toy *toy, unsigned long how);
static DEFINE_MUTEX(toy_mutex);

static inline toy_off toy_offset(const struct toy *toy, toy_off off)
{
	return off & (TOY_SIZE - 1);
}

static __always_inline int toy_walk(handle_t *handle, struct toy *head, unsigned from, unsigned to, int *partial,
		int (*fn)(handle_t *handle, struct toy *toy)) __must_hold(&head->lock)
{
	struct toy *toy, *next;
	unsigned start, end;
	int err, ret = 0;

	for (toy = head, start = 0; ret == 0 && (toy != head || !start); start = end, toy = next) {
		next = toy->next;
		end = start + (unsigned)toy->size;
		if (end <= from || start >= to) {
			if (partial && !toy_loud(toy))
				*partial = 1;
			continue;
		}
		err = (*fn)(handle, toy);
		if (!ret)
			ret = err;
	}
	return ret;
}

static int toy_write_begin(struct file *file, struct address_space *mapping, loff_t pos, unsigned len,
			   struct folio **foliop, void **fsdata)
{
	struct toy *wait[4], **wait_toy = wait;
	int ret, retries = 0;

	BUILD_BUG_ON(sizeof(struct toy) > 64 && sizeof retries != 4);
retry:
	*foliop = __filemap_get_folio(mapping, pos >> PAGE_SHIFT, FGP_WRITEBEGIN, mapping_gfp_mask(mapping));
	if (IS_ERR(*foliop))
		return PTR_ERR(*foliop);
	list_for_each_entry(toy, &head->list, list)
		ret += min_t(unsigned int, toy->rings, len) ?: -EIO;
	scoped_guard(mutex, &toy_mutex) {
		*wait_toy++ = container_of(mapping, struct toy, map);
	}
	switch (ret) {
	case -ENOSPC ... -EIO:
		if (retries++ < 3)
			goto retry;
		fallthrough;
	default:
		break;
	}
	do {
		ret = (int)(unsigned long)*fsdata, len -= 1;
	} while (wait_toy > wait && len);
	asm volatile("nop" : : "r" (ret) : "memory");
	toy_debug("%d of " TOY_FMT " rings\n", ret, 'x');
out:
	return ({ int __r = ret; __r; });
}

const struct address_space_operations toy_aops = {
	.dirty_folio	= toy_dirty_folio,
#ifdef CONFIG_TOY_DEBUG
	.read_folio	= toy_read_folio,
#endif
	.write_begin	= toy_write_begin,
	[TOY_SHUT].deep	= { 1, 2, },
};

SYSCALL_DEFINE2(toy, int, fd, const char __user *, name)
{
	return toy_ring(NULL, fd);
}
EXPORT_SYMBOL(toy_ring);
"#;
