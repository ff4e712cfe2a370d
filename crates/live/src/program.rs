//! A test as a C program without dependencies, for who has no Rust.

use std::fmt::Write as _;

use crate::memory::PAGE;
use crate::test::{Memory, Page, Source, Test};

/// All of the program that is the same for every test.
const FRAME: &str = include_str!("program.c");

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
    let Test { unit, block, size, blocks, page, source, position, length } = test;
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
        " *\n * cc -O1 -Wall -o t FILE.c && ./t DIR      DIR is on the file system that is asked\n \
         * exit status: 0 not there, 1 there, 2 neither, 77 could not be run\n */\n",
    );
    // What is dropped and read again is told only where it differs.
    let after = "\tdrop(fd);\n\tout = open_memstream(&then, &length);\n\tcontents(fd, out);\n\tfclose(out);\n\
                 \tif (strcmp(strstr(now, \"size\"), then)) {\n\t\tchar *both;\n\n\
                 \t\tif (asprintf(&both, \"%s; after sync %s\", now, then) < 0)\n\t\t\tskip(\"memory\");\n\
                 \t\tfree(now);\n\t\tnow = both;\n\t}\n";
    let constants =
        format!("UNIT = {unit}, BLOCK = {block}, SIZE = {size}, POSITION = {position}, LENGTH = {length}");
    text.push_str(
        &FRAME
            .replace("@CONSTANTS@", &constants)
            .replace("@BAD@", &list(told.bad))
            .replace("@GOOD@, NULL", if told.good.is_empty() { "NULL" } else { "@GOOD@, NULL" })
            .replace("@GOOD@", &list(told.good))
            .replace("@FILE@", &file)
            .replace("@PREPARE@", prepare(test, *page).trim_end_matches('\n'))
            .replace("@SOURCE@", &source.to_string())
            .replace("@MEMORY@", &memory(test)?)
            .replace("@AFTER@", after.trim_end_matches('\n')),
    );
    Ok(text)
}

fn prepare(test: &Test, page: Page) -> String {
    let Test { unit, block, size, blocks, .. } = test;
    let mut text = String::new();
    let mut line = |line: &str| {
        let _ = writeln!(text, "\t{line}");
    };
    line("static char old[4 * PAGE];");
    line("fill(old, 0, SIZE, 'a');");
    for (at, letter) in blocks.bytes().enumerate() {
        let from = at * block;
        let bytes = (size * unit - from).min(*block);
        match letter {
            b'M' => line(&format!(
                "if (pwrite(fd, old + {from}, {bytes}, {from}) != {bytes})\n\t\tskip(\"pwrite\");"
            )),
            b'U' => line(&format!(
                "if (fallocate(fd, FALLOC_FL_KEEP_SIZE, {from}, BLOCK))\n\t\tskip(\"fallocate\");"
            )),
            _ => {}
        }
    }
    line("if (ftruncate(fd, SIZE * UNIT))\n\t\tskip(\"ftruncate\");");
    let read = "if (pread(fd, (char[4 * PAGE]){ 0 }, 4 * PAGE, 0) < 0)\n\t\tskip(\"pread\");";
    match page {
        Page::Absent => line("drop(fd);"),
        Page::Uptodate | Page::Committed => {
            line("if (fsync(fd))\n\t\tskip(\"fsync\");");
            line(read);
        }
        Page::AsRead => {
            line("drop(fd);");
            line(read);
        }
        Page::Block(at) => {
            line("drop(fd);");
            // As long as the block: what is behind the size is cut again.
            line(&format!(
                "if (pwrite(fd, old + {0}, BLOCK, {0}) != BLOCK)\n\t\tskip(\"pwrite\");",
                at * block
            ));
            line("if (ftruncate(fd, SIZE * UNIT) || fsync(fd))\n\t\tskip(\"fsync\");");
        }
    }
    text
}

fn memory(test: &Test) -> Result<String, String> {
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
    let (make, then) = match memory {
        Memory::Resident => ("MAP_PRIVATE | MAP_ANONYMOUS, -1", String::new()),
        Memory::Invalid => ("MAP_PRIVATE | MAP_ANONYMOUS, -1", format!("\tmunmap({gone});\n")),
        Memory::Absent => ("MAP_SHARED, other", format!("\tmadvise({gone}, MADV_DONTNEED);\n")),
        Memory::LatchedThenFilled | Memory::LatchedThenUnmapped => {
            return Err("a program for memory that is taken away while a fault waits is not made".to_owned());
        }
    };
    let other = match memory {
        Memory::Absent => format!(
            "\tint other = memfd_create(\"source\", 0);\n\tif (ftruncate(other, {pages} * PAGE))\n\t\tskip(\"memfd\");\n"
        ),
        _ => String::new(),
    };
    let segments = segments.replace("OFFSET", &offset.to_string());
    Ok(format!(
        "{other}\tchar *source = mmap(NULL, {pages} * PAGE, PROT_READ | PROT_WRITE, {make}, 0);\n\
         \tif (source == MAP_FAILED)\n\t\tskip(\"mmap\");\n\
         \tfill(source + {offset}, POSITION, LENGTH, 'A');\n{then}\
         \tstruct iovec data[] = {{ {segments} }};"
    ))
}
