package import AdminAPI

extension AdminAnswer {
    /// Whether it has what has changed in a list, instead of the list.
    package var isListPatch: Bool { status == 226 }

    /// What has changed in a list.
    /// - Parameter request: what it answers.
    package func listPatch(of request: AdminRequest) throws(AnswerError) -> ListPatch {
        let json = try content(MediaType.mergePatch, of: request)
        do throws(BodyError) {
            return try ListPatch(json: json, placesText: field(APIHeader.places))
        } catch {
            throw AnswerError(url: url(of: request), reason: .body(error))
        }
    }
}
