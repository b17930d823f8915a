"""What Excel shows of a stored value on a Vietnamese screen, format by format."""

import pytest

from corpus.reading.numbers import BUILT_IN, shown

DAY = 46266  # 1 September 2026, a Tuesday
ACCOUNTING = '_-* #,##0.00 _₫_-;-* #,##0.00 _₫_-;_-* "-"?? _₫_-;_-@_-'
IN_STEPS = '[>=1000000]0.0,," tr";[>=1000]0.0," ng";0'


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (45_678_900_000, "#,##0", "45.678.900.000"),
        (45_678_900_000, "General", "45678900000"),
        (1_234_567_890_123, "General", "1234567890123"),
        (1e15, "General", "1000000000000000"),
        (0.1 + 0.2, "General", "0,3"),
        (1 / 3, "General", "0,333333333"),
        (3359.8254321, "General", "3359,825432"),
        (-12.5, "General", "-12,5"),
        (0.000012345, "General", "0,000012345"),
        (12, 'General" người"', "12 người"),
        (12.4, "0", "12"),
        (2.5, "0", "3"),
        (8.345678, "0.00", "8,35"),
        (1.005, "0.00", "1,01"),  # of the fifteen digits that Excel keeps, not of the binary number
        (0.5, "#.##", ",5"),
        (5, "#.##", "5,"),
        (0, "#", ""),
        (1234567.891, "#,##0.0##", "1.234.567,891"),
        (1234.5, "#,##0.00", "1.234,50"),
        (-1_500_000, "#,##0;(#,##0)", "(1.500.000)"),
        (-1_500_000, "#,##0_);[Red](#,##0)", "(1.500.000)"),
        (-1_500_000, "#,##0", "-1.500.000"),
        (-3, "#,##0,", "0"),
        (75_000, "#,##0,", "75"),
        (123_456_789, "0.0,,", "123,5"),
        (123_456_789, '#,##0.00,," triệu"', "123,46 triệu"),
        (0.35678, "0.0%", "35,7%"),
        (-0.5, "0%", "-50%"),
        (35.678, '0.0" %"', "35,7 %"),
        (4, "00000", "00004"),
        (900_000_001, "0000000000", "0900000001"),
        (912_345_678, "0000 000 000", "0912 345 678"),
        (1_012_345, '"H"00"."00"."000', "H10.12.345"),
        (12_345, "000-00-0000", "000-01-2345"),
        (5_551_234, "[<=9999999]###-####;(###) ###-####", "555-1234"),
        (2_435_551_234, "[<=9999999]###-####;(###) ###-####", "(243) 555-1234"),
        (12_345, "#\\.##0", "12.345"),
        (8000, '#,##0" đồng"', "8.000 đồng"),
        (8000, "#,##0\\ \\₫", "8.000 ₫"),
        (8000, "#,##0 [$₫-42A]", "8.000 ₫"),
        (8000.5, "[$$-409]#,##0.00", "$8.000,50"),
        (3359.82, '#,##0.0" km²"', "3.359,8 km²"),
        (1234.5, ACCOUNTING, "1.234,50"),
        (-1234.5, ACCOUNTING, "-1.234,50"),
        (0, ACCOUNTING, "-"),
        (1, '"Có";;"Không"', "Có"),
        (0, '"Có";;"Không"', "Không"),
        (2_500_000, IN_STEPS, "2,5 tr"),
        (2500, IN_STEPS, "2,5 ng"),
        (25, IN_STEPS, "25"),
        (-25, IN_STEPS, "-25"),
        (-3, "[>5]0;0", "-3"),
        (-3, '[<0]"thiếu "0;0', "thiếu 3"),
        (-7, "[Red]-0;[Blue]0", "7"),
        (1, '[=1]"một";[=2]"hai";0', "một"),
        (3, '[=1]"một";[=2]"hai";0', "3"),
        (7, "+0;-0;0", "+7"),
        (12_345, "0.00E+00", "1,23E+04"),
        (12_345_678, "##0.0E+0", "12,3E+6"),
        (0.00012, "0.0E-0", "1,2E-4"),
        (9.999e5, "0.0E+0", "1,0E+6"),
        (5.25, "# ?/?", "5 1/4"),
        (0.3333333, "# ?/?", "1/3"),
        (0, "# ?/?", "0"),
        (1.5, "?/?", "3/2"),
        (2.99, "# ?/8", "3"),
        (0.5, "# ?/8", "4/8"),
        (12, "@", "12"),
        (12, ";;;", ""),
    ],
)
def test_a_number_is_shown_as_its_format_says(value: float, form: str, expected: str) -> None:
    assert shown(value, form) == expected


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (DAY, "dd/mm/yyyy", "01/09/2026"),
        (DAY, "d/m/yy", "1/9/26"),
        (DAY, "mm/yyyy", "09/2026"),
        (DAY, "yyyy", "2026"),
        (DAY, "yyyy\\-mm\\-dd", "2026-09-01"),
        (DAY, '"ngày "dd" tháng "mm" năm "yyyy', "ngày 01 tháng 09 năm 2026"),
        (DAY, "d mmmm yyyy", "1 tháng 9 2026"),
        (DAY, "[$-42A]dddd, d/m/yyyy;@", "Thứ Ba, 1/9/2026"),
        (DAY, "[$-409]d-mmm-yy;@", "1-Sep-26"),
        (DAY, "[$-en-US]dddd, mmmm d", "Tuesday, September 1"),
        (DAY, "[$-F800]dddd, mmmm dd, yyyy", "01 tháng 9 2026"),
        (DAY, '"Quý III/"yyyy', "Quý III/2026"),
        (DAY + 8.5 / 24, "hh:mm", "08:30"),
        (DAY + 8.5 / 24, "dd/mm/yyyy hh:mm:ss", "01/09/2026 08:30:00"),
        (DAY + 8.5 / 24, 'h"h"mm', "8h30"),
        (DAY + 0.75, "h:mm AM/PM", "6:00 CH"),
        (DAY + 0.25, "[$-409]h:mm AM/PM", "6:00 AM"),
        (0.354166666666, "h:mm", "8:30"),  # stored a hair before
        (59.6 / 86_400, "mm:ss", "01:00"),
        (59.66 / 86_400, "mm:ss.0", "00:59,7"),
        (26 / 24 + 5 / 1440, "[h]:mm", "26:05"),
        (26 / 24 + 5 / 1440, "[mm]", "1565"),
        (1.5, "[hh]:mm:ss", "36:00:00"),
        (-0.5, "[h]:mm", "-12:00"),
        (1, "dd/mm/yyyy", "01/01/1900"),
        (60, "dd/mm/yyyy", "29/02/1900"),  # a day that Excel has and no calendar
        (61, "dd/mm/yyyy", "01/03/1900"),
        (-5, "dd/mm/yyyy", "-5"),
        (3_000_000, "dd/mm/yyyy", "3000000"),
    ],
)
def test_dates_times_and_durations_are_shown_as_their_format_says(value: float, form: str, expected: str) -> None:
    assert shown(value, form) == expected


def test_days_of_an_old_macintosh_workbook_are_counted_from_1904() -> None:
    assert shown(DAY - 1462, "dd/mm/yyyy", since_1904=True) == "01/09/2026"


@pytest.mark.parametrize(
    ("form", "expected"),
    [("General", "Sở Y tế"), ("0.00", "Sở Y tế"), ('@" (mới)"', "Sở Y tế (mới)"), ('0;-0;0;"- "@', "- Sở Y tế")],
)
def test_a_text_is_shown_as_the_section_for_texts_says(form: str, expected: str) -> None:
    assert shown("Sở Y tế", form) == expected
    assert shown("Sở Y tế", ";;;") == ""


def test_formats_that_a_file_names_by_number_are_those_of_a_vietnamese_screen() -> None:
    assert shown(DAY, BUILT_IN[14]) == "01/09/2026"
    assert shown(DAY + 0.5, BUILT_IN[22]) == "01/09/2026 12:00"
    assert shown(-8000, BUILT_IN[37]) == "-8.000"
    assert shown(8000, BUILT_IN[44]) == "8.000,00 ₫"
    assert shown(1.5, BUILT_IN[46]) == "36:00:00"


@pytest.mark.parametrize("form", ['"không đóng', "[", "\\", "_", "*", "[>]0", "/", "E+", "....", ",,,", "[$-]0"])
def test_a_broken_format_loses_no_number_to_an_error(form: str) -> None:
    assert isinstance(shown(1234.5, form), str)
    assert isinstance(shown("chữ", form), str)
