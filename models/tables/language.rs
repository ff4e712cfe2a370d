//! What the compiler and `include/linux/{compiler,minmax,err,bug}.h` say.

use c_run::{Pointer, Stop, Unknown, Value};
use c_text::{ExprKind, IntType};
use machine::Label;
use page_state::steps::report;

use crate::front_end::{Answer, Argument, Here, Macro, Nothing, Table, constants, words};

/// The words of C.
pub(crate) const TABLE: Table = Table {
    words: words! { w;
        ERR_PTR(error: i64) => Value::Pointer(Pointer::Number(error));
        PTR_ERR(ptr: Pointer) -> i64 => error_of(w, &ptr)?;
        IS_ERR(ptr: Pointer) -> bool => is_error(&ptr);
        IS_ERR_OR_NULL(ptr: Pointer) -> bool => is_error(&ptr) || ptr == Pointer::NULL;
        PTR_ERR_OR_ZERO(ptr: Pointer) -> i32 => if is_error(&ptr) { error_of(w, &ptr)? as i32 } else { 0 };
        ERR_CAST(ptr: Pointer) => Value::Pointer(ptr);
        BIT(nr: i64) -> u64 => 1_u64.wrapping_shl(nr as u32);
        ilog2(n: i64) -> i32 => 63 - (n as u64).leading_zeros() as i32;
        div_u64(dividend: i64, divisor: i64) -> u64 => {
            (dividend as u64).checked_div(divisor as u64).ok_or_else(|| w.run.fault(c_run::Fault::Division))?
        };
    },
    macros: &[
        Macro { name: "min", result: None, call: |w| least(w, 0, true) },
        Macro { name: "max", result: None, call: |w| least(w, 0, false) },
        Macro { name: "min_t", result: None, call: |w| least(w, 1, true) },
        Macro { name: "max_t", result: None, call: |w| least(w, 1, false) },
        Macro { name: "umin", result: Some(IntType::UNSIGNED_LONG), call: |w| least(w, 0, true) },
        warns("WARN_ON"),
        warns("WARN_ON_ONCE"),
        warns("VM_WARN_ON_ONCE"),
        warns("VM_WARN_ON_ONCE_FOLIO"),
        warns("WARN_ON_FOLIO"),
        dies("BUG_ON"),
        dies("VM_BUG_ON"),
        dies("VM_BUG_ON_FOLIO"),
        dies("VM_BUG_ON_PAGE"),
        Macro { name: "ASSERT", result: None, call: asserts },
        Macro { name: "BUG", result: None, call: |w| machine::bug(format!("BUG{}", place(w))) },
        Macro { name: "IS_ENABLED", result: Some(IntType::INT), call: is_enabled },
        Macro { name: "container_of", result: None, call: container_of },
    ],
    setters: &[Macro { name: "WRITE_ONCE", result: None, call: write_once }],
    arguments: &["likely", "unlikely", "READ_ONCE", "data_race"],
    constants: constants! { w;
        LLONG_MAX: i64 = i64::MAX;
        LONG_MAX: i64 = i64::MAX;
        ULONG_MAX: u64 = u64::MAX;
        UINT_MAX: u32 = u32::MAX;
        INT_MAX: i32 = i32::MAX;
    },
    nothing: &[
        Nothing { reason: "messages", names: "printk pr_* dump_page dump_stack" },
        Nothing {
            reason: "checks of the kernel's own, beside what is modelled",
            names: "might_sleep might_fault lockdep_*",
        },
        Nothing { reason: "scheduling: every actor can be interrupted anywhere", names: "cond_resched" },
        Nothing { reason: "caches", names: "prefetch prefetchw flush_dcache_folio flush_dcache_page" },
    ],
    ..Table::new("models/tables/language.rs")
};

const fn warns(name: &'static str) -> Macro {
    Macro { name, result: Some(IntType::INT), call: warn }
}

const fn dies(name: &'static str) -> Macro {
    Macro { name, result: None, call: die }
}

/// The last page of addresses holds error numbers.
fn is_error(pointer: &Pointer) -> bool {
    matches!(pointer, Pointer::Number(-4095..=-1))
}

fn error_of(w: &Here<'_, '_>, pointer: &Pointer) -> Result<i64, Stop> {
    match pointer {
        Pointer::Number(number) => Ok(*number),
        other => Err(w.refused(format!("PTR_ERR({other})"))),
    }
}

fn write_once(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let value = w.evaluate(1)?;
    let to = w.call.ok_or_else(|| w.refused("WRITE_ONCE without arguments"))?.address(w.run, 0)?;
    w.run.store(&to, value)
}

/// `min` and its kin: from argument `first` on; where that is not the first one, it is the type of both.
fn least(w: &Here<'_, '_>, first: usize, is_min: bool) -> Result<Value, Stop> {
    let (mut left, mut right) = (w.evaluate(first)?, w.evaluate(first + 1)?);
    if first == 1 {
        let of = type_argument(w)?;
        left = w.run.convert(left, of)?;
        right = w.run.convert(right, of)?;
    }
    let is_less = w.run.binary(c_text::Binary::Less, left.clone(), right.clone())?;
    // The usual conversions, which make both numbers one type.
    let zero = Value::Int(0, IntType::INT);
    let common = |value: Value, other: &Value| -> Result<Value, Stop> {
        let nothing = w.run.binary(c_text::Binary::Times, other.clone(), zero.clone())?;
        w.run.binary(c_text::Binary::Plus, value, nothing)
    };
    if w.run.truth(&is_less)? == is_min { common(left, &right) } else { common(right, &left) }
}

/// The integer type that the first argument names.
fn type_argument(w: &Here<'_, '_>) -> Result<IntType, Stop> {
    let written = w.call.and_then(|call| call.written.first());
    let Some(expression) = written else { return Err(w.refused("a type is missing")) };
    w.run.int_type(expression).ok_or_else(|| w.run.unknown(Unknown::Type(expression.to_string())))
}

fn place(w: &Here<'_, '_>) -> String {
    let place = w.run.place();
    format!(" in {}", place.function)
}

fn warn(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let condition = w.evaluate(0)?;
    let warns = w.run.truth(&condition)?;
    if warns {
        let said = w.call.map_or_else(String::new, |call| {
            let condition = call.written.first().map(ToString::to_string).unwrap_or_default();
            format!("{}({condition}){}", call.name, place(w))
        });
        report(w.task(), "kernel-bug", Label::new(c_run::label_name(&said), &[]));
    }
    Ok(Value::truth(warns))
}

fn die(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let condition = w.evaluate(0)?;
    if w.run.truth(&condition)? {
        let call = w.call.map_or("BUG_ON", |call| call.name);
        machine::bug(format!("{call}{}", place(w)));
    }
    Ok(Value::Void)
}

fn asserts(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let condition = w.evaluate(0)?;
    if !w.run.truth(&condition)? {
        machine::bug(format!("ASSERT{}", place(w)));
    }
    Ok(Value::Void)
}

fn is_enabled(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let name = w.call.and_then(|call| call.written.first());
    match name.map(|of| &of.kind) {
        Some(ExprKind::Name(name)) => {
            let is_on = w.fs.text.program().config().is_enabled(name).unwrap_or_default();
            Ok(Value::truth(is_on))
        }
        _ => Err(w.refused("IS_ENABLED of what is no name")),
    }
}

/// An object's file-system part has a name of its own; nothing else is found so.
fn container_of(w: &Here<'_, '_>) -> Result<Value, Stop> {
    let inner = Pointer::from_value(w, &w.evaluate(0)?)?;
    match &inner {
        Pointer::Object { object, path } if object.kind == "inode" && path.is_empty() => {
            Ok(crate::front_end::InodeInfo.value())
        }
        other => Err(w.refused(format!("container_of({other}, ..)"))),
    }
}
