//! Lists the sources, which the library hands out.

fn main() -> std::io::Result<()> {
    sources::list()
}
