//! Functions of the subset, made up; none of them does what C leaves undefined or open.

use std::fmt::Write as _;

/// Steele, Lea and Flood's splitmix64.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What all of them share.
pub(crate) const SHARED: &str = "
enum { ONE = 1, NINE = 9, TEN, MINUS = -3 };
#define SEVEN 7
#define TWICE(x) ((x) + (x))
#define LESS(x, y) ({ typeof(x) _x = (x); typeof(y) _y = (y); _x < _y ? _x : _y; })
#define KEEP(x) ({ typeof(x) _kept = (x); _kept; })
#define SET(x, y) do { (x) = (y); } while (0)
/* Where there is a table, it has these two. */
#define SAME(x) (x)
#define TO(x, y) ((x) = (y))

struct point {
	int x;
	unsigned char y;
	struct inner { short s; unsigned int u; long l[2]; } in;
};

typedef unsigned int u32;
typedef long (*binary_fn)(long a, long b);

static long add(long a, long b)
{
	return a + b;
}

static long turn(long a, long b)
{
	int n = 0;

	while (a & 3 && n < 5) {
		a = a * 3 + b;
		n++;
	}
	return a ^ n;
}

static unsigned char narrow(unsigned char a, short b)
{
	if (a > b)
		return a - b;
	return b;
}

static int out(int *to, u32 value)
{
	int old = *to;

	*to = value;
	return old;
}

static void fill(int *all, int count, int with)
{
	int *end = all + count;

	for (; all != end; all++, with += 3)
		*all = with;
}

static struct point moved(struct point p, int by)
{
	p.x += by;
	p.y += by;
	p.in.l[by & 1] -= by;
	return p;
}

static long sum(const struct point *p)
{
	return p->x + p->y * 3l + p->in.s - p->in.u + p->in.l[0] + p->in.l[1];
}

static long depth(int n, long a)
{
	if (n <= 0)
		return a;
	return depth(n - 1, a + n) + n;
}
";

const TYPES: [&str; 9] = [
    "signed char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned int",
    "long",
    "unsigned long",
    "_Bool",
];

/// Variables of each type, `v0` to `v8`, then `int`s that pointers point to.
const INTS: [&str; 3] = ["m", "n", "k"];

pub(crate) struct Maker {
    random: u64,
    text: String,
    indent: usize,
    labels: usize,
    fuel: usize,
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Maker {
        Maker { random: seed, text: String::new(), indent: 1, labels: 0, fuel: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        next(&mut self.random) % bound
    }

    fn one_of<'s>(&mut self, all: &[&'s str]) -> &'s str {
        all[self.below(all.len() as u64) as usize]
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.text.push('\t');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// The text of `long NAME(long a, long b)`.
    pub(crate) fn function(mut self, name: &str) -> String {
        let mut head = format!("long {name}(long a, long b)\n{{\n");
        for (index, of) in TYPES.iter().enumerate() {
            let first = self.expression(1, "a");
            writeln!(head, "\t{of} v{index} = {first};").expect("a string");
        }
        for name in INTS {
            writeln!(head, "\tint {name} = {};", self.constant()).expect("a string");
        }
        self.labels = 2 + self.below(3) as usize;
        self.fuel = 6;
        head.push_str(
            "\tint fuel = 12, i, j;\n\tint all[4] = { 1, 2, [3] = 7 };\n\tint *p = &m, *q = all;\n\
             \tstruct point s = { .x = 1, .in = { .u = 2, .l = { 3, 4 } } }, t;\n\
             \tbinary_fn fn = add;\n\tlong (*other)(long, long) = a & 1 ? turn : add;\n\n\ti = j = 0;\n\tt = s;\n",
        );
        for label in 0..self.labels {
            self.statements(2);
            self.line(&format!("l{label}:"));
            self.statement(2);
        }
        let mut text = head + &self.text;
        text.push_str(
            "\treturn sum(&s) + sum(&t) * 7 + all[0] + all[1] * 3 + all[2] * 5 + all[3] * 9 + (p == q)",
        );
        for index in 0..TYPES.len() {
            write!(text, " + v{index} * {}l", 11 + index).expect("a string");
        }
        text.push_str(" + m * 5l + n * 6l + k * 7l + *p + *q + i * 2 + fuel;\n}\n\n");
        text
    }

    fn statements(&mut self, depth: u64) {
        for _ in 0..1 + self.below(2) {
            self.statement(depth);
        }
    }

    fn block(&mut self, head: &str, depth: u64) {
        self.line(&format!("{head} {{"));
        self.indent += 1;
        self.statements(depth - 1);
        self.indent -= 1;
        self.line("}");
    }

    fn variable(&mut self) -> String {
        match self.below(12) {
            at @ 0..9 => format!("v{at}"),
            at => INTS[at as usize - 9].to_owned(),
        }
    }

    /// What can be assigned to.
    fn target(&mut self) -> String {
        match self.below(8) {
            0 => format!("all[{} & 3]", self.variable()),
            1 => "*p".to_owned(),
            2 => "*q".to_owned(),
            3 => self.one_of(&["s.x", "s.y", "s.in.s", "s.in.u", "t.in.l[1]", "t.y", "s.in.l[0]"]).to_owned(),
            _ => self.variable(),
        }
    }

    fn statement(&mut self, depth: u64) {
        let of = self.below(if depth == 0 { 12 } else { 24 });
        match of {
            0..5 => {
                let (to, mut value) = (self.target(), self.expression(3, ""));
                if self.below(3) == 0 {
                    value = format!("SAME({value})");
                }
                let operator = self.one_of(&["=", "=", "+=", "-=", "*=", "&=", "|=", "^="]);
                self.line(&format!("{to} {operator} {value};"));
            }
            5 => {
                let (to, by) = (self.target(), self.below(8));
                let operator = self.one_of(&["<<=", ">>="]);
                self.line(&format!("{to} {operator} {by};"));
            }
            6 => {
                let (to, mark) = (self.target(), self.one_of(&["++", "--"]));
                let text =
                    if self.below(2) == 0 { format!("({to}){mark};") } else { format!("{mark}({to});") };
                self.line(&text);
            }
            7 => {
                let at = self.below(9);
                let (mark, to) = (self.one_of(&["++", "--"]), self.one_of(&["m", "n", "k"]));
                let text = if self.below(2) == 0 {
                    format!("{to} = v{at}{mark};")
                } else {
                    format!("v{at} = {to} = {};", self.expression(2, ""))
                };
                self.line(&text);
            }
            8 => {
                let to = self.one_of(&["&m", "&n", "&k", "&all[2]", "p", "q", "&s.x", "&all[i & 3]"]);
                let value = self.expression(2, "");
                self.line(&format!("j = out({to}, {value});"));
            }
            9 => {
                let text = match self.below(7) {
                    0 => "p = &n;",
                    1 => "q = &all[v1 & 3];",
                    2 => "q = all + (m & 3);",
                    3 => "p = &s.x;",
                    4 => "fill(all, 4, v3);",
                    5 => "fn = v0 & 1 ? other : add;",
                    _ => "q = all, *q++ = v4, *++q = 3, --q;",
                };
                self.line(text);
            }
            10 => {
                let text = match self.below(7) {
                    5 | 6 => format!("TO({}, {});", self.target(), self.expression(2, "")),
                    0 => "s = moved(s, v5);".to_owned(),
                    1 => "t = s;".to_owned(),
                    2 => format!("SET(s.y, {});", self.expression(2, "")),
                    3 => format!(
                        "v6 = ({{ long in = {}; for (j = 0; j < 3; j++) in += j; in; }});",
                        self.expression(2, "")
                    ),
                    _ => format!("v7 = LESS(v3, {});", self.variable()),
                };
                self.line(&text);
            }
            11 if self.labels > 0 => {
                // In all directions, into blocks too.
                let label = self.below(self.labels as u64);
                let condition = self.expression(2, "");
                self.line(&format!("if (fuel-- > 0 && SAME({condition}))"));
                self.line(&format!("\tgoto l{label};"));
            }
            12..15 => {
                let condition = self.expression(2, "");
                self.block(&format!("if ({condition})"), depth);
                if self.below(2) == 0 {
                    self.text.pop();
                    self.text.push(' ');
                    let (indent, from) = (self.indent, self.text.len());
                    self.block("else", depth);
                    self.text.replace_range(from..from + indent, "");
                }
            }
            15 => {
                let bound = 1 + self.below(3);
                self.block(&format!("for (i = 0; i < {bound} && fuel-- > 0; i++)"), depth);
            }
            16 => {
                let first = self.constant();
                self.block(
                    &format!("for (int x = {first}, y = 0; fuel > 0 && y < 3; y++, fuel--, m += x)"),
                    depth,
                );
            }
            17 => self.block("while (fuel-- > 0)", depth),
            18 => {
                self.line("do {");
                self.indent += 1;
                self.statements(depth - 1);
                let (condition, leave) = (self.expression(1, ""), self.one_of(&["break", "continue"]));
                self.line(&format!("if ({condition})"));
                self.line(&format!("\t{leave};"));
                self.statement(depth - 1);
                self.indent -= 1;
                let until = self.one_of(&["0", "fuel-- > 0", "--fuel > 3 && SAME(v8)", "SAME(fuel--) > 0"]);
                self.line(&format!("}} while ({until});"));
            }
            19..21 => self.switch(depth),
            21 => {
                // A block with a variable of its own, which hides another, also from its first value.
                let value = self.expression(2, "a");
                self.line("{");
                self.indent += 1;
                self.line(&format!("unsigned short v4 = {value};"));
                self.line("int *p = &n;");
                self.statements(depth - 1);
                self.line("*p += v4;");
                self.indent -= 1;
                self.line("}");
            }
            22 if self.fuel > 0 => {
                // A label inside a block, with its own way back.
                self.fuel -= 1;
                let label = format!("in{}", self.fuel);
                let condition = self.expression(1, "");
                self.line(&format!("if ({condition}) {{"));
                self.indent += 1;
                self.line(&format!("{label}:"));
                self.statements(depth - 1);
                self.indent -= 1;
                self.line("}");
                self.line("if (fuel-- > 0)");
                self.line(&format!("\tgoto {label};"));
            }
            _ => self.line(";"),
        }
    }

    fn switch(&mut self, depth: u64) {
        let on = self.expression(1, "");
        self.line(&format!("switch (({on}) & 7) {{"));
        let default = self.below(4);
        for case in 0..3 {
            if case == default {
                self.line("default:");
            }
            self.line(["case 0:", "case ONE ... 3:", "case SEVEN - 2:"][case as usize]);
            self.indent += 1;
            self.statements(depth - 1);
            if self.below(3) > 0 {
                self.line("break;");
            }
            self.indent -= 1;
        }
        self.line("}");
    }

    fn constant(&mut self) -> String {
        let all = [
            "0",
            "1",
            "2",
            "-1",
            "7",
            "100",
            "255",
            "256",
            "-128",
            "65535",
            "2147483647",
            "-2147483647 - 1",
            "0x80000000",
            "4294967295u",
            "3000000000",
            "-5l",
            "1ul << 63",
            "0xffffffffffffffff",
            "'a'",
            "'\\xff'",
            "ONE",
            "MINUS",
            "TEN",
            "SEVEN",
            "(unsigned char)300",
            "sizeof(int)",
            "sizeof(v2)",
        ];
        format!("({})", self.one_of(&all))
    }

    /// Without effects; `only` is the one variable that there is.
    fn expression(&mut self, depth: u64, only: &str) -> String {
        if depth == 0 || self.below(5) == 0 {
            return match self.below(3) {
                0 => self.constant().replace("v2", if only.is_empty() { "v2" } else { "a" }),
                _ if !only.is_empty() => self.one_of(&["a", "b"]).to_owned(),
                1 => self.variable(),
                _ => self
                    .one_of(&[
                        "a",
                        "b",
                        "*p",
                        "*q",
                        "s.x",
                        "s.y",
                        "s.in.u",
                        "t.in.l[1]",
                        "all[m & 3]",
                        "(&s)->in.s",
                        "i",
                    ])
                    .to_owned(),
            };
        }
        let depth = depth - 1;
        let mut side = || self.expression(depth, only);
        let (x, y, z) = (side(), side(), side());
        match self.below(20) {
            0..6 => {
                let operator = self.one_of(&["+", "-", "*", "&", "|", "^"]);
                format!("({x} {operator} {y})")
            }
            6..8 => {
                let operator = self.one_of(&["<", ">", "<=", ">=", "==", "!="]);
                format!("({x} {operator} {y})")
            }
            8 => format!("({x} {} ({y} & 7))", self.one_of(&["<<", ">>"])),
            // GCC makes `-(a / b)` an `a / -b`, which traps where that is `INT_MIN / -1`, if it can see what `b` is.
            9 => format!("({x} {} KEEP(({y} & 7) + 1))", self.one_of(&["/", "%"])),
            10 => format!("((unsigned long){x} / ((unsigned long){y} | 1))"),
            11 => format!("({x} {} {y})", self.one_of(&["&&", "||"])),
            12 => format!("({x} ? {y} : {z})"),
            13 => format!("({x} ?: {y})"),
            14 => format!("({}{x})", self.one_of(&["-", "~", "!", "+"])),
            15 => format!("(({}){x})", self.one_of(&TYPES)),
            16 => format!(
                "{}({x}, {y})",
                self.one_of(if only.is_empty() {
                    &["add", "fn", "(*other)", "narrow", "turn"]
                } else {
                    &["add", "narrow"]
                })
            ),
            // GCC 12 does not survive all lists of constants.
            17 => format!("(narrow({x}, 1), {y})"),
            18 if only.is_empty() => self
                .one_of(&[
                    "(p == &m)",
                    "(q - all)",
                    "(q >= all)",
                    "(q != p)",
                    "(!p)",
                    "depth(v0 & 3, b)",
                    "sum(&t)",
                    "(fn == add)",
                ])
                .replace("(q - all)", "(all + 3 - &all[1])")
                .replace("(q >= all)", "(&all[m & 3] >= all + 1)"),
            _ => format!("TWICE({x})"),
        }
    }
}
