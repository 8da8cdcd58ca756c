//! Columns as a Parquet file, which pandas, polars and DuckDB read. The only
//! module that knows the format.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use crate::columns::{Column, Values};

/// The bytes of a file with these columns, all of one length.
///
/// # Errors
/// When a column is longer or shorter than the first.
pub fn file(columns: &[Column]) -> Result<Vec<u8>, String> {
    write(columns).map_err(|error| format!("cannot make the Parquet file: {error}"))
}

fn write(columns: &[Column]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(field).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("groma")
        .with_fields(fields)
        .build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        // Equal results give equal bytes, whatever version wrote them.
        .set_created_by("groma".to_owned())
        .build();
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for column in columns {
        if let Some(mut writer) = group.next_column()? {
            values(&mut writer, &column.values)?;
            writer.close()?;
        }
    }
    group.close()?;
    file.close()?;
    Ok(bytes)
}

fn field(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical, repetition) = match &column.values {
        Values::Text(_) => (
            Physical::BYTE_ARRAY,
            Some(LogicalType::String),
            Repetition::REQUIRED,
        ),
        Values::Flag(_) => (Physical::BOOLEAN, None, Repetition::REQUIRED),
        Values::Whole(_) => (Physical::INT64, None, Repetition::OPTIONAL),
        Values::Real(_) => (Physical::DOUBLE, None, Repetition::OPTIONAL),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
        .map(Arc::new)
}

fn values(writer: &mut SerializedColumnWriter<'_>, values: &Values) -> Result<(), ParquetError> {
    match values {
        Values::Text(all) => {
            let bytes: Vec<ByteArray> = all.iter().map(|text| text.as_str().into()).collect();
            writer
                .typed::<ByteArrayType>()
                .write_batch(&bytes, None, None)?;
        }
        Values::Flag(all) => {
            writer.typed::<BoolType>().write_batch(all, None, None)?;
        }
        Values::Whole(all) => {
            let (known, levels) = present(all);
            writer
                .typed::<Int64Type>()
                .write_batch(&known, Some(&levels), None)?;
        }
        Values::Real(all) => {
            let (known, levels) = present(all);
            writer
                .typed::<DoubleType>()
                .write_batch(&known, Some(&levels), None)?;
        }
    }
    Ok(())
}

/// The values that are there, and for each row whether its value is.
fn present<T: Copy>(all: &[Option<T>]) -> (Vec<T>, Vec<i16>) {
    (
        all.iter().flatten().copied().collect(),
        all.iter().map(|value| i16::from(value.is_some())).collect(),
    )
}
