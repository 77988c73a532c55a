//! What turns a user's events into numbers.

use throng::EncoderChoice;

/// `behaviour`, or the folder of a model.
///
/// # Errors
/// When nothing is given.
pub fn encoder(text: &str) -> Result<EncoderChoice, String> {
    match text {
        "" => Err("give behaviour or a model folder".to_owned()),
        "behaviour" => Ok(EncoderChoice::Behaviour),
        folder => Ok(EncoderChoice::Folder(folder.into())),
    }
}
