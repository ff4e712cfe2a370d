//! Operators of two sides, on numbers and pointers.

use c_text::{Binary, IntType};

use crate::memory::part;
use crate::{Fault, Part, Pointer, Run, Stop, Unknown, Value, integer};

impl Run<'_> {
    /// An operator on two values.
    ///
    /// # Errors
    /// If C leaves it undefined, or it is not known for such values.
    pub fn binary(&self, operator: Binary, left: Value, right: Value) -> Result<Value, Stop> {
        match (operator, left, right) {
            (_, Value::Int(a, of_a), Value::Int(b, of_b)) => {
                let (value, of) =
                    integer::binary(operator, (a, of_a), (b, of_b)).map_err(|why| self.fault(why))?;
                Ok(Value::Int(value, of))
            }
            (Binary::Plus, Value::Pointer(pointer), Value::Int(by, _))
            | (Binary::Plus, Value::Int(by, _), Value::Pointer(pointer)) => self.moved(pointer, by),
            (Binary::Minus, Value::Pointer(pointer), Value::Int(by, _)) => {
                self.moved(pointer, by.wrapping_neg())
            }
            (_, Value::Pointer(left), Value::Pointer(right)) => self.pointers(operator, &left, &right),
            (Binary::Equal | Binary::Unequal, left, right) => {
                let pointer = |value: &Value| match value {
                    Value::Pointer(pointer) | Value::Address(pointer) => Some(pointer.clone()),
                    Value::Int(number, _) => Some(Pointer::Number(*number)),
                    _ => None,
                };
                match (pointer(&left), pointer(&right)) {
                    (Some(left), Some(right)) => self.pointers(operator, &left, &right),
                    _ => Err(self.unknown(Unknown::Construct(format!("{left} {operator} {right}")))),
                }
            }
            (_, left, right) => Err(self.unknown(Unknown::Construct(format!("{left} {operator} {right}")))),
        }
    }

    fn moved(&self, pointer: Pointer, by: i64) -> Result<Value, Stop> {
        if let Some(moved) = self.words.moved(self, &pointer, by) {
            return Ok(moved);
        }
        if by == 0 {
            return Ok(Value::Pointer(pointer));
        }
        let Pointer::Local { frame, slot, mut path } = pointer else {
            return Err(self.unknown(Unknown::Construct(format!("{pointer} + {by}"))));
        };
        let Some(Part::Element(index)) = path.pop() else {
            return Err(self.fault(Fault::OutOfBounds { index: by, length: 1 }));
        };
        let length = {
            let memory = self.memory.borrow();
            let slots = memory.frames.get(usize::from(frame)).map(|frame| &frame.slots);
            let value = slots.and_then(|slots| slots.get(usize::from(slot)));
            match value.map(|value| part(value, &path)) {
                Some(Ok(Value::Array(elements))) => elements.len(),
                _ => 0,
            }
        };
        let moved = i64::from(index).wrapping_add(by);
        // C lets a pointer stand one behind the last.
        match usize::try_from(moved) {
            Ok(index) if index <= length => {}
            _ => return Err(self.fault(Fault::OutOfBounds { index: moved, length })),
        }
        path.push(Part::Element(i32::try_from(moved).unwrap_or(i32::MAX)));
        Ok(Value::Pointer(Pointer::Local { frame, slot, path }))
    }

    fn pointers(&self, operator: Binary, left: &Pointer, right: &Pointer) -> Result<Value, Stop> {
        if operator != Binary::Minus
            && let (Pointer::Number(a), Pointer::Number(b)) = (left, right)
        {
            let of = IntType::UNSIGNED_LONG;
            let (value, of) = integer::binary(operator, (*a, of), (*b, of)).map_err(|why| self.fault(why))?;
            return Ok(Value::Int(value, of));
        }
        let unknown = || self.unknown(Unknown::Construct(format!("{left} {operator} {right}")));
        match operator {
            Binary::Equal | Binary::Unequal => {
                let is_same = same(left, right).ok_or_else(unknown)?;
                Ok(Value::truth(is_same == (operator == Binary::Equal)))
            }
            Binary::Minus | Binary::Less | Binary::Greater | Binary::LessOrEqual | Binary::GreaterOrEqual => {
                let (a, b) = in_one_array(left, right).ok_or_else(unknown)?;
                let (a, b) = ((a.into(), IntType::LONG), (b.into(), IntType::LONG));
                let (value, of) = integer::binary(operator, a, b).map_err(|why| self.fault(why))?;
                Ok(Value::Int(value, of))
            }
            _ => Err(unknown()),
        }
    }
}

/// Whether two pointers are equal; nothing where one points into what the other points to, which C can't tell from
/// it when it is the first part.
fn same(left: &Pointer, right: &Pointer) -> Option<bool> {
    if left == right {
        return Some(true);
    }
    let (a, b) = match (left, right) {
        (Pointer::Local { frame: f, slot: s, path: a }, Pointer::Local { frame: g, slot: t, path: b })
            if (f, s) == (g, t) =>
        {
            (a, b)
        }
        (Pointer::Object { object: o, path: a }, Pointer::Object { object: p, path: b }) if o == p => (a, b),
        (Pointer::Global { name: m, file: f, path: a }, Pointer::Global { name: n, file: g, path: b })
            if (m, f) == (n, g) =>
        {
            (a, b)
        }
        (Pointer::Text(_), Pointer::Text(_)) => return None,
        _ => return Some(false),
    };
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if long.starts_with(short) {
        // The first element is where its array is.
        let is_first = long[short.len()..].iter().all(|part| *part == Part::Element(0));
        return if is_first { Some(true) } else { None };
    }
    Some(false)
}

/// The indexes of two elements of one array.
fn in_one_array(left: &Pointer, right: &Pointer) -> Option<(i32, i32)> {
    let (Pointer::Local { frame: f, slot: s, path: a }, Pointer::Local { frame: g, slot: t, path: b }) =
        (left, right)
    else {
        return None;
    };
    let (Some((Part::Element(i), a)), Some((Part::Element(j), b))) = (a.split_last(), b.split_last()) else {
        return if (f, s, a) == (g, t, b) { Some((0, 0)) } else { None };
    };
    if (f, s, a) == (g, t, b) { Some((*i, *j)) } else { None }
}
