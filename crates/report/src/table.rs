//! A table that Markdown reads too; where there is not room enough for it, several below each other.

/// A column: what stands over it, and its cells.
pub(crate) struct Column {
    pub(crate) heading: String,
    pub(crate) cells: Vec<String>,
    /// Whether the cells are numbers, which stand to the right.
    pub(crate) is_number: bool,
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().map(|cell| cell.chars().count()).fold(self.heading.chars().count(), usize::max)
    }

    fn padded(&self, text: &str) -> String {
        let width = self.width();
        if self.is_number { format!(" {text:>width$} |") } else { format!(" {text:width$} |") }
    }

    fn rule(&self) -> String {
        let width = self.width();
        if self.is_number { format!("{:->1$}:|", "", width + 1) } else { format!("{:-<1$}|", "", width + 2) }
    }
}

/// The columns beside the one with the rows' names. Where they take more than `room`, the others go on in further
/// tables, with the names again; each has one column at least, however much it takes.
pub(crate) fn table(names: &Column, columns: &[Column], room: Option<usize>) -> String {
    let mut parts: Vec<Vec<&Column>> = vec![vec![names]];
    // A column, and what stands around it.
    let takes = |columns: &[&Column]| 1 + columns.iter().map(|column| column.width() + 3).sum::<usize>();
    for column in columns {
        let fits = |part: &[&Column]| room.is_none_or(|room| takes(part) + column.width() + 3 <= room);
        match parts.last_mut() {
            Some(part) if part.len() == 1 || fits(part) => part.push(column),
            _ => parts.push(vec![names, column]),
        }
    }
    let line = |part: &[&Column], tell: &dyn Fn(&Column) -> String| {
        format!("|{}\n", part.iter().map(|column| tell(column)).collect::<String>())
    };
    let told = |part: Vec<&Column>| {
        let mut told = line(&part, &|column| column.padded(&column.heading));
        told += &line(&part, &Column::rule);
        for row in 0..names.cells.len() {
            told += &line(&part, &|column| column.padded(&column.cells[row]));
        }
        told
    };
    parts.into_iter().map(told).collect::<Vec<_>>().join("\n")
}

/// A paragraph as it stands, or in lines of at most `room` columns.
pub(crate) fn paragraph(text: &str, room: Option<usize>) -> String {
    let Some(room) = room else { return text.to_owned() };
    let whole = textwrap::WordSplitter::NoHyphenation;
    textwrap::fill(&text.replace('\n', " "), textwrap::Options::new(room).word_splitter(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(heading: &str, cells: [&str; 2], is_number: bool) -> Column {
        Column { heading: heading.to_owned(), cells: cells.map(str::to_owned).to_vec(), is_number }
    }

    #[test]
    fn what_does_not_fit_goes_on_below() {
        let names = column("who", ["a", "b"], false);
        let columns = [
            column("left", ["x", "y"], false),
            column("n", ["7", "12"], true),
            column("far", ["1", "2"], true),
        ];
        insta::assert_snapshot!(table(&names, &columns, None), @r"
        | who | left |  n | far |
        |-----|------|---:|----:|
        | a   | x    |  7 |   1 |
        | b   | y    | 12 |   2 |
        ");
        insta::assert_snapshot!(table(&names, &columns, Some(20)), @r"
        | who | left |  n |
        |-----|------|---:|
        | a   | x    |  7 |
        | b   | y    | 12 |

        | who | far |
        |-----|----:|
        | a   |   1 |
        | b   |   2 |
        ");
        // Less than a column is no table.
        assert_eq!(table(&names, &columns, Some(3)).matches("who").count(), 3);
    }
}
