//! Integers of C: conversions and operators, on a machine whose `int` has 32 bits and whose `long` has 64.

use c_text::{Binary, IntType};

use crate::Fault;

/// The value in this type: what does not fit is cut off. A `bool` tells whether it is not 0.
#[must_use]
pub const fn convert(value: i64, to: IntType) -> i64 {
    match (to.bits, to.is_signed) {
        (1, _) => (value != 0) as i64,
        (8, true) => value as i8 as i64,
        (8, false) => value as u8 as i64,
        (16, true) => value as i16 as i64,
        (16, false) => value as u16 as i64,
        (32, true) => value as i32 as i64,
        (32, false) => value as u32 as i64,
        _ => value,
    }
}

/// The value in a bit-field of so many bits, 1 to 63: what does not fit is cut off.
#[must_use]
pub const fn cut(value: i64, width: u8, is_signed: bool) -> i64 {
    let above = 64 - width;
    if is_signed { value << above >> above } else { ((value as u64) << above >> above) as i64 }
}

/// The type that a lone operand is computed in.
#[must_use]
pub const fn promoted(of: IntType) -> IntType {
    if of.bits < 32 { IntType::INT } else { of }
}

/// The type that two operands are computed in.
#[must_use]
pub const fn common(left: IntType, right: IntType) -> IntType {
    let (left, right) = (promoted(left), promoted(right));
    if left.bits > right.bits {
        left
    } else if right.bits > left.bits {
        right
    } else {
        IntType { bits: left.bits, is_signed: left.is_signed && right.is_signed }
    }
}

/// The type of an operator's result.
#[must_use]
pub const fn result(operator: Binary, left: IntType, right: IntType) -> IntType {
    use Binary::{
        And, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Or, ShiftLeft, ShiftRight, Unequal,
    };
    match operator {
        Less | Greater | LessOrEqual | GreaterOrEqual | Equal | Unequal | And | Or => IntType::INT,
        ShiftLeft | ShiftRight => promoted(left),
        _ => common(left, right),
    }
}

/// An operator on two integers. Sums, differences, products and shifts to the left wrap around, as
/// `-fwrapv` has it.
///
/// # Errors
/// A division that has no result, and a shift by less than 0 or by the width and more.
pub fn binary(
    operator: Binary,
    (a, left): (i64, IntType),
    (b, right): (i64, IntType),
) -> Result<(i64, IntType), Fault> {
    let of = common(left, right);
    let (x, y) = (convert(a, of), convert(b, of));
    let is_less = if of.is_signed { x < y } else { (x as u64) < (y as u64) };
    let value = match operator {
        Binary::Plus => x.wrapping_add(y),
        Binary::Minus => x.wrapping_sub(y),
        Binary::Times => x.wrapping_mul(y),
        Binary::Divide | Binary::Remainder if y == 0 => return Err(Fault::Division),
        Binary::Divide | Binary::Remainder if of.is_signed => {
            let least = if of.bits == 64 { i64::MIN } else { i64::from(i32::MIN) };
            if x == least && y == -1 {
                return Err(Fault::Division);
            }
            if operator == Binary::Divide { x / y } else { x % y }
        }
        Binary::Divide => (x as u64 / y as u64) as i64,
        Binary::Remainder => (x as u64 % y as u64) as i64,
        Binary::BitAnd => x & y,
        Binary::BitOr => x | y,
        Binary::BitXor => x ^ y,
        Binary::ShiftLeft | Binary::ShiftRight => {
            let of = promoted(left);
            let by = convert(b, promoted(right));
            if !(0..i64::from(of.bits)).contains(&by) {
                return Err(Fault::Shift(by));
            }
            let value = match (operator, of.is_signed) {
                (Binary::ShiftLeft, _) => a << by,
                (_, true) => a >> by,
                (_, false) => (a as u64 >> by) as i64,
            };
            return Ok((convert(value, of), of));
        }
        Binary::Equal => i64::from(x == y),
        Binary::Unequal => i64::from(x != y),
        Binary::Less => i64::from(is_less),
        Binary::GreaterOrEqual => i64::from(!is_less),
        Binary::Greater => i64::from(!is_less && x != y),
        Binary::LessOrEqual => i64::from(is_less || x == y),
        Binary::And => i64::from(a != 0 && b != 0),
        Binary::Or => i64::from(a != 0 || b != 0),
    };
    let of = result(operator, left, right);
    Ok((convert(value, of), of))
}
