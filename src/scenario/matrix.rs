//! The rows of a matrix: every combination of its values, in the order of the file.

/// The most rows that one scenario may have.
pub const MAX_ROWS: usize = 1_000;

/// One combination: a value for every name.
pub type Row = Vec<(String, String)>;

/// Every combination; the last name changes fastest. A matrix without names has one empty row.
///
/// # Errors
/// The number of rows, when there are more than [`MAX_ROWS`].
pub fn rows(axes: &[(String, Vec<String>)]) -> Result<Vec<Row>, usize> {
    let count = axes.iter().fold(1usize, |n, (_, values)| n.saturating_mul(values.len()));
    if count > MAX_ROWS {
        return Err(count);
    }
    let mut rows: Vec<Row> = vec![Row::new()];
    for (name, values) in axes {
        rows = rows
            .into_iter()
            .flat_map(|row| {
                values.iter().map(move |value| {
                    let mut longer = row.clone();
                    longer.push((name.clone(), value.clone()));
                    longer
                })
            })
            .collect();
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(name: &str, values: &[&str]) -> (String, Vec<String>) {
        (name.to_owned(), values.iter().map(|v| (*v).to_owned()).collect())
    }

    #[test]
    fn the_last_name_changes_fastest() {
        let rows = rows(&[axis("size", &["5MB", "1KB"]), axis("enc", &["8bit", "base64"])]).unwrap();
        let text: Vec<_> =
            rows.iter().map(|r| r.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(",")).collect();
        assert_eq!(text, ["size=5MB,enc=8bit", "size=5MB,enc=base64", "size=1KB,enc=8bit", "size=1KB,enc=base64"]);
    }

    #[test]
    fn without_names_there_is_one_row() {
        assert_eq!(rows(&[]), Ok(vec![vec![]]));
    }

    #[test]
    fn too_many_rows_are_counted_without_making_them() {
        let many: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let axes: Vec<_> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
            .iter()
            .map(|n| ((*n).to_owned(), many.clone()))
            .collect();
        assert_eq!(rows(&axes[..2]), Err(10_000));
        assert_eq!(rows(&axes), Err(usize::MAX));
    }
}
