//! A test as a C program without dependencies, for who has no Rust.

use std::fmt::Write as _;

use crate::memory::PAGE;
use crate::test::{Memory, Page, Source, Test};

/// All of the program that is the same for every test.
const FRAME: &str = include_str!("program/frame.c");

/// Who answers faults, where the memory is latched.
const LATCH: &str = include_str!("program/latch.c");

/// A test of the fstests suite around a program.
const FSTESTS: &str = include_str!("program/fstests.sh");

/// How many lines a program has at most.
pub const LINES_MAX: usize = 149;

/// What a program says about itself, and which final states it tells apart.
#[derive(Clone, Debug)]
pub struct Told<'t> {
    /// Lines of the comment at its beginning.
    pub header: &'t [String],
    /// The final states that show what is wrong.
    pub bad: &'t [String],
    /// The final states that don't.
    pub good: &'t [String],
}

/// A C program that runs a test in the folder that it is given: its exit status is 0 where what is wrong is not there,
/// 1 where it is, 2 where neither is so, 77 where it could not be run.
///
/// # Errors
/// Why there is no such program, in words.
pub fn program(test: &Test, told: &Told<'_>) -> Result<String, String> {
    let Test { unit, block, size, blocks, page, source, position, length, free, order } = test;
    let is_running = matches!(page, Page::Running | Page::RunningBlock(_));
    if !order.is_plain() || free.is_some() || is_running || test.is_held() {
        return Err("nobody is there in a program but the writer, and nothing is held or full".to_owned());
    }
    let list = |states: &[String]| {
        let quoted: Vec<String> = states.iter().map(|state| format!("\"{state}\"")).collect();
        quoted.join(",\n\t")
    };
    let mut text = String::from("/*\n");
    for line in told.header {
        let line = line.replace("*/", "* /").replace("/*", "/ *");
        let _ = writeln!(text, "{}", format!(" * {line}").trim_end());
    }
    let file = format!("size {size}, blocks {}, {page}", if blocks.is_empty() { "none" } else { blocks });
    text.push_str(
        " *\n * cc -O1 -Wall -pthread -o t FILE.c && ./t DIR      DIR is on the file system that is asked\n \
         * exit status: 0 not there, 1 there, 2 neither, 77 could not be run\n */\n",
    );
    let constants =
        format!("UNIT = {unit}, BLOCK = {block}, SIZE = {size}, POSITION = {position}, LENGTH = {length}");
    let Parts { set_up, answers } = memory(test)?;
    let (includes, functions, check) = match answers {
        Some((beside, then)) => {
            let answer = LATCH.replace("@THEN@", then);
            (LATCH_INCLUDES, format!("{beside}{answer}\n"), LATCH_CHECK)
        }
        None => ("", String::new(), ""),
    };
    text.push_str(
        &FRAME
            .replace("@INCLUDES@", includes)
            .replace("@FUNCTIONS@", &functions)
            .replace("@CHECK@", check)
            .replace("@CONSTANTS@", &constants)
            .replace("@BAD@", &list(told.bad))
            .replace("@GOOD@, NULL", if told.good.is_empty() { "NULL" } else { "@GOOD@, NULL" })
            .replace("@GOOD@", &list(told.good))
            .replace("@FILE@", &file)
            .replace("@PREPARE@", prepare(test, *page).trim_end_matches('\n'))
            .replace("@SOURCE@", &source.to_string())
            .replace("@MEMORY@", &set_up),
    );
    Ok(text)
}

/// A program as a test of the fstests suite, of a target, which is about this.
#[must_use]
pub fn fstests(program: &str, target: &str, sentence: &str, test: &Test) -> String {
    FSTESTS
        .replace("@SENTENCE@", sentence)
        .replace("@TARGET@", target)
        .replace("@BLOCK@", &test.block.to_string())
        .replace("@PROGRAM@", program)
}

fn prepare(test: &Test, page: Page) -> String {
    let Test { unit, block, size, blocks, .. } = test;
    let mut text = String::new();
    let mut line = |line: &str| {
        let _ = writeln!(text, "\t{line}");
    };
    if *size > 0 {
        line("static char old[4 * PAGE];");
        line("fill(old, 0, SIZE, 'a');");
    }
    for (at, letter) in blocks.bytes().enumerate() {
        let from = at * block;
        let bytes = (size * unit - from).min(*block);
        match letter {
            b'M' => line(&format!("need(pwrite(fd, old + {from}, {bytes}, {from}) == {bytes}, \"pwrite\");")),
            b'U' => {
                line(&format!("need(!fallocate(fd, FALLOC_FL_KEEP_SIZE, {from}, BLOCK), \"fallocate\");"))
            }
            _ => {}
        }
    }
    line("need(!ftruncate(fd, SIZE * UNIT), \"ftruncate\");");
    let read = "need(pread(fd, (char[4 * PAGE]){ 0 }, 4 * PAGE, 0) >= 0, \"pread\");";
    match page {
        Page::Absent => line("drop(fd);"),
        Page::Uptodate | Page::Committed | Page::Running => {
            line("need(!fsync(fd), \"fsync\");");
            line(read);
        }
        Page::AsRead => {
            line("drop(fd);");
            line(read);
        }
        Page::Block(at) | Page::RunningBlock(at) => {
            line("drop(fd);");
            // As long as the block: what is behind the size is cut again.
            line(&format!("need(pwrite(fd, old + {0}, BLOCK, {0}) == BLOCK, \"pwrite\");", at * block));
            line("need(!ftruncate(fd, SIZE * UNIT) && !fsync(fd), \"fsync\");");
        }
    }
    text
}

const LATCH_INCLUDES: &str = "\
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
";

const LATCH_CHECK: &str = "\tneed(faults, \"nobody touched what was held\");\n";

/// The memory that a program writes from.
struct Parts {
    /// How it is set up.
    set_up: String,
    /// How a fault in it is answered, where that is held: what it takes beside, and what is done.
    answers: Option<(&'static str, &'static str)>,
}

fn memory(test: &Test) -> Result<Parts, String> {
    let Test { unit, length, source, .. } = *test;
    let (memory, ahead, offset, segments) = match source {
        Source::One(memory) => (memory, 0, 0, "{ source, LENGTH * UNIT }"),
        Source::EmptyThen(memory) => (memory, 0, 0, "{ source, 0 }, { source, LENGTH * UNIT }"),
        Source::Straddling(before, memory) => {
            let ahead = (before * unit).div_ceil(PAGE);
            (memory, ahead, ahead * PAGE - before * unit, "{ source + OFFSET, LENGTH * UNIT }")
        }
        Source::SegmentThen(memory) => {
            (memory, 1, PAGE - unit, "{ source + OFFSET, UNIT }, { source + PAGE, (LENGTH - 1) * UNIT }")
        }
        other => return Err(format!("no program is made for a source that is {other}")),
    };
    let pages = (offset + length * unit).div_ceil(PAGE);
    let gone = format!("source + {ahead} * PAGE, {} * PAGE", pages - ahead);
    let anonymous = "MAP_PRIVATE | MAP_ANONYMOUS, -1";
    // The thread ends with the program.
    let held = format!(
        "\tchar *at = source + {ahead} * PAGE;\n\
         \theld = (struct uffdio_range){{ (unsigned long)at, {} * PAGE }};\n",
        pages - ahead
    );
    let start = "\tmadvise(at, held.len, MADV_DONTNEED);\n\
                 \tint uffd = syscall(SYS_userfaultfd, O_CLOEXEC);\n\
                 \tneed(!ioctl(uffd, UFFDIO_API, &(struct uffdio_api){ .api = UFFD_API }), \"userfaultfd\");\n\
                 \tstruct uffdio_register all = { held, UFFDIO_REGISTER_MODE_MISSING, 0 };\n\
                 \tneed(!ioctl(uffd, UFFDIO_REGISTER, &all), \"userfaultfd\");\n\
                 \tneed(!pthread_create(&(pthread_t){ 0 }, NULL, answer, &uffd), \"a thread\");\n";
    let (make, then, answers) = match memory {
        Memory::Resident => (anonymous, String::new(), None),
        Memory::Invalid => (anonymous, format!("\tmunmap({gone});\n"), None),
        Memory::Absent => ("MAP_SHARED, other", format!("\tmadvise({gone}, MADV_DONTNEED);\n"), None),
        Memory::LatchedThenUnmapped => {
            let answers = "munmap((void *)(unsigned long)held.start, held.len);\n\
                           \tioctl(*(int *)fd, UFFDIO_WAKE, &held);";
            (anonymous, format!("{held}{start}"), Some(("", answers)))
        }
        Memory::LatchedThenFilled => {
            let answers = "struct uffdio_copy copy = { held.start, (unsigned long)image, held.len, 0, 0 };\n\
                           \tioctl(*(int *)fd, UFFDIO_COPY, &copy);";
            let image = "static char image[4 * PAGE];\n\n";
            (anonymous, format!("{held}\tmemcpy(image, at, held.len);\n{start}"), Some((image, answers)))
        }
    };
    let other = match memory {
        Memory::Absent => format!(
            "\tint other = memfd_create(\"source\", 0);\n\tneed(!ftruncate(other, {pages} * PAGE), \"memfd\");\n"
        ),
        _ => String::new(),
    };
    let segments = segments.replace("OFFSET", &offset.to_string());
    let set_up = format!(
        "{other}\tchar *source = mmap(NULL, {pages} * PAGE, PROT_READ | PROT_WRITE, {make}, 0);\n\
         \tneed(source != MAP_FAILED, \"mmap\");\n\
         \tfill(source + {offset}, POSITION, LENGTH, 'A');\n{then}\
         \tstruct iovec data[] = {{ {segments} }};"
    );
    Ok(Parts { set_up, answers })
}
