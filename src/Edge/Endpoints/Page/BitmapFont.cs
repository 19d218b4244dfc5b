namespace Edge.Endpoints.Page;

/// <summary>
/// Letters for pictures that the server draws itself: five columns by seven rows for each character of ASCII, drawn for
/// this purpose. Accented Latin letters are written without their accents, dashes and quotes plainly, anything else as a box. Pure.
/// </summary>
internal static class BitmapFont
{
    public const int Columns = 5;
    public const int Rows = 7;

    /// <summary>Columns from one character to the next.</summary>
    public const int Advance = 6;

    private const char First = ' ';
    private const char Last = '~';
    private const char FirstAccented = '\u00C0';

    /// <summary>The letters from U+00C0 on without what is above and below them.</summary>
    private const string Plain = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo:ouuuuypy";

    /// <summary>Seven rows a character, from the top; each digit is a row in base 32, its leftmost column the highest bit.</summary>
    private const string Glyphs =
        "0000000" // space
        + "4444404" // !
        + "AA00000" // "
        + "0AVAVA0" // #
        + "4FKE5U4" // $
        + "OP248J3" // %
        + "CIKCLID" // &
        + "4400000" // '
        + "2488842" // (
        + "8422248" // )
        + "0LEVEL0" // *
        + "044V440" // +
        + "0000448" // ,
        + "000V000" // -
        + "00000CC" // .
        + "01248G0" // /
        + "EHJLPHE" // 0
        + "4C4444E" // 1
        + "EH1248V" // 2
        + "V2421HE" // 3
        + "26AIV22" // 4
        + "VGU11HE" // 5
        + "68GUHHE" // 6
        + "V124888" // 7
        + "EHHEHHE" // 8
        + "EHHF12C" // 9
        + "0CC0CC0" // :
        + "0CC0448" // ;
        + "248G842" // <
        + "00V0V00" // =
        + "8421248" // >
        + "EH12404" // ?
        + "EH1DLLE" // @
        + "EHHVHHH" // A
        + "UHHUHHU" // B
        + "EHGGGHE" // C
        + "SIHHHIS" // D
        + "VGGUGGV" // E
        + "VGGUGGG" // F
        + "EHGNHHF" // G
        + "HHHVHHH" // H
        + "E44444E" // I
        + "72222IC" // J
        + "HIKOKIH" // K
        + "GGGGGGV" // L
        + "HRLLHHH" // M
        + "HHPLJHH" // N
        + "EHHHHHE" // O
        + "UHHUGGG" // P
        + "EHHHLID" // Q
        + "UHHUKIH" // R
        + "FGGE11U" // S
        + "V444444" // T
        + "HHHHHHE" // U
        + "HHHHHA4" // V
        + "HHHLLLA" // W
        + "HHA4AHH" // X
        + "HHHA444" // Y
        + "V1248GV" // Z
        + "E88888E" // [
        + "0G84210" // \
        + "E22222E" // ]
        + "4AH0000" // ^
        + "000000V" // _
        + "8400000" // `
        + "00E1FHF" // a
        + "GGMPHHU" // b
        + "00EGGHE" // c
        + "11DJHHF" // d
        + "00EHVGE" // e
        + "698S888" // f
        + "0FHHF1E" // g
        + "GGMPHHH" // h
        + "40C444E" // i
        + "20622IC" // j
        + "GGIKOKI" // k
        + "C44444E" // l
        + "00QLLHH" // m
        + "00MPHHH" // n
        + "00EHHHE" // o
        + "00UHUGG" // p
        + "00DJF11" // q
        + "00MPGGG" // r
        + "00EGE1U" // s
        + "88S8896" // t
        + "00HHHJD" // u
        + "00HHHA4" // v
        + "00HHLLA" // w
        + "00HA4AH" // x
        + "00HHF1E" // y
        + "00V248V" // z
        + "2448442" // {
        + "4444444" // |
        + "8442448" // }
        + "008L200"; // ~

    /// <summary>Whether a character has a dot in a place.</summary>
    public static bool HasDot(char character, int column, int row)
    {
        if (character >= FirstAccented && character - FirstAccented < Plain.Length)
        {
            character = Plain[character - FirstAccented];
        }

        character = character switch
        {
            '\u2013' or '\u2014' => '-',
            '\u2018' or '\u2019' => '\'',
            '\u201C' or '\u201D' or '\u201E' => '"',
            '\u00A0' => ' ',
            _ => character,
        };
        if (character is < First or > Last)
        {
            return column is 0 or Columns - 1 || row is 0 or Rows - 1;
        }

        var digit = Glyphs[(character - First) * Rows + row];
        var bits = digit <= '9' ? digit - '0' : digit - 'A' + 10;
        return (bits >> (Columns - 1 - column) & 1) != 0;
    }
}
