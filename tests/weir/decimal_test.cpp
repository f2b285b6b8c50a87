// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <weir/decimal.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "random_stream.hpp"

using weir::Decimal;

namespace {

struct Spelled {
    std::string_view text;
    const char* decimal;  // null where there is none
};

// Exact values, made with Python's decimal module: quantized to 6 places, ROUND_HALF_EVEN, at most 10^15.
constexpr Spelled spelled[] = {
    Spelled{"0", "0"},
    Spelled{"-0", "0"},
    Spelled{"0.0", "0"},
    Spelled{"-0.0", "0"},
    Spelled{"1", "1"},
    Spelled{"42.99", "42.99"},
    Spelled{"-12.50", "-12.5"},
    Spelled{"1e3", "1000"},
    Spelled{"1E3", "1000"},
    Spelled{"1e+3", "1000"},
    Spelled{"1e-3", "0.001"},
    Spelled{"0.1", "0.1"},
    Spelled{"0.000001", "0.000001"},
    Spelled{"0.0000005", "0"},
    Spelled{"0.0000015", "0.000002"},
    Spelled{"0.0000025", "0.000002"},
    Spelled{"-0.0000005", "0"},
    Spelled{"-0.0000015", "-0.000002"},
    Spelled{"0.00000050000000000000000000000000000000000000001", "0.000001"},
    Spelled{"0.0000004999999999999999999999999999999999999999", "0"},
    Spelled{"2.5e-6", "0.000002"},
    Spelled{"25e-7", "0.000002"},
    Spelled{"1e-7", "0"},
    Spelled{"5e-7", "0"},
    Spelled{"15e-7", "0.000002"},
    Spelled{"1e15", "1000000000000000"},
    Spelled{"-1e15", "-1000000000000000"},
    Spelled{"1000000000000000.0000004", "1000000000000000"},
    Spelled{"1000000000000000.0000006", nullptr},
    Spelled{"1000000000000001", nullptr},
    Spelled{"1e16", nullptr},
    Spelled{"1e308", nullptr},
    Spelled{"-1e308", nullptr},
    Spelled{"1e-308", "0"},
    Spelled{"0e999999", "0"},
    Spelled{"123456789012345.6789015", "123456789012345.678902"},
    Spelled{"99999999999999.9999995", "100000000000000"},
    Spelled{"999999999999999.9999995", "1000000000000000"},
    Spelled{"0.00000000000000000000000000001e29", "1"},
    Spelled{"12345678901234567890e-19", "1.234568"},
    Spelled{"100000000000000000000000000000000000e-30", "100000"},
    Spelled{"272.97999999999996", "272.98"},
    Spelled{"5e-324", "0"},
    Spelled{"1.7976931348623157e308", nullptr},
    Spelled{"0.30000000000000004", "0.3"},
    Spelled{"9007199254740993", nullptr},
    Spelled{"9007199254.740993", "9007199254.740993"},
    Spelled{"0.1e1", "1"},
    Spelled{"10.10e0", "10.1"},
    Spelled{"10000000000000000000000000000000000000000e-40", "1"},
    Spelled{"0.000000000000000000000000000000000000000000000000001e51", "1"},
    Spelled{"33333333333333333333333333333333333e-34", "3.333333"},
    Spelled{"0.00000050000000000000000000000000000000000000000", "0"},
    Spelled{"0.000000500000000000000000000000000000000000000001", "0.000001"},
    Spelled{"1.00000050000000000000000000000000000000000000000", "1"},
    Spelled{"1.0000015", "1.000002"},
    Spelled{"104332181960013389083.950590005500", nullptr},
    Spelled{"-1559407816184.95900000000505", "-1559407816184.959"},
    Spelled{"-341928327648.5000E+2", "-34192832764850"},
    Spelled{"-395.5550", "-395.555"},
    Spelled{"6965328710122691669.90900905E+2", nullptr},
    Spelled{"48281489325288.9", "48281489325288.9"},
    Spelled{"-430391171822.59009950900e-8", "-4303.911718"},
    Spelled{"-71331509839301031.5", nullptr},
    Spelled{"7382997376311656670106.500009505005E+0", nullptr},
    Spelled{"80.00E+3", "80000"},
    Spelled{"260647468723.00990", "260647468723.0099"},
    Spelled{"-7882081219136193990.0599950050", nullptr},
    Spelled{"510799118384251.5005e6", nullptr},
    Spelled{"-8412411824493534874016.00050005959000", nullptr},
    Spelled{"-8262045053315869232.0500550000505E+1", nullptr},
    Spelled{"-3303654145.95950000900E+4", "-33036541459595.00009"},
    Spelled{"-69816934060.905505950e3", "-69816934060905.50595"},
    Spelled{"-64823662994.9000059e-1", "-6482366299.490001"},
    Spelled{"-738721489513433.000", "-738721489513433"},
    Spelled{"93676320163287.9E+0", "93676320163287.9"},
    Spelled{"-889579868727743.09500500005590", "-889579868727743.095005"},
    Spelled{"-31665.550055909", "-31665.550056"},
    Spelled{"6688937346.05550509E+0", "6688937346.055505"},
    Spelled{"-627.005E+1", "-6270.05"},
    Spelled{"-64641708053.00000090005", "-64641708053.000001"},
    Spelled{"-529912419.0E+5", "-52991241900000"},
    Spelled{"1931491.9059550950550E+2", "193149190.59551"},
    Spelled{"28498776945314.05995505E+1", "284987769453140.59955"},
    Spelled{"-454948083136.90555000", "-454948083136.90555"},
    Spelled{"9578856855744431351823.5099", nullptr},
    Spelled{"3524082400.005009055", "3524082400.005009"},
    Spelled{"711671902.900E+0", "711671902.9"},
    Spelled{"-67749649909133412.0900E+3", nullptr},
    Spelled{"-344713493.0900000e-19", "0"},
    Spelled{"174648877190659.00099e-20", "0.000002"},
    Spelled{"-787429.5055555", "-787429.505556"},
    Spelled{"-74680715451680.95500959550", "-74680715451680.95501"},
    Spelled{"-710932480861317.05e2", nullptr},
    Spelled{"7378263982146584.00099505955599e-8", "73782639.821466"},
    Spelled{"-96360576.0500995", "-96360576.0501"},
    Spelled{"-2.0050595e0", "-2.00506"},
    Spelled{"78091343161.0500005005550E+4", "780913431610500.005006"},
    Spelled{"219693.90050500e5", "21969390050.5"},
    Spelled{"759.50500", "759.505"},
    Spelled{"9594406409097.00950090000050", "9594406409097.009501"},
    Spelled{"-5623285884.00505050005950", "-5623285884.005051"},
    Spelled{"-175496513709859317.050000050009E+3", nullptr},
    Spelled{"8692617964053773515850.0005009e-20", "86.92618"},
    Spelled{"93183.0050900009", "93183.00509"},
    Spelled{"-5395.0", "-5395"},
    Spelled{"-11775891783908470.5", nullptr},
    Spelled{"115921249985698.59950", "115921249985698.5995"},
    Spelled{"73657661565452.50000505090e-2", "736576615654.525"},
    Spelled{"56049451983273.05950090599990e-1", "5604945198327.30595"},
    Spelled{"445502.09500009055550e-9", "0.000446"},
    Spelled{"22.9000555955009E+2", "2290.00556"},
    Spelled{"9784036900.0000", "9784036900"},
    Spelled{"6226838851606071.59595500505095e6", nullptr},
    Spelled{"13696816453521.099055000", "13696816453521.099055"},
    Spelled{"-21277997995527177449.5e-4", nullptr},
};

struct Nearest {
    std::string_view millionths;
    std::int64_t divisor;
    double value;
};

// Made with Python: float(Fraction(millionths, 10**6 * divisor)), which rounds once.
constexpr Nearest nearest[] = {
    Nearest{"9007199254740993", 1, 0x1.0c6f7a0b5ed8ep+33},
    Nearest{"27021597764222977", 1, 0x1.92a737110e454p+34},
    Nearest{"-9007199254740993", 1, -0x1.0c6f7a0b5ed8ep+33},
    Nearest{"1000000000000000000000", 1, 0x1.c6bf526340000p+49},
    Nearest{"123456789012345678901", 1, 0x1.c12218377de6bp+46},
    Nearest{"999999999999999999999", 1, 0x1.c6bf526340000p+49},
    Nearest{"100000000000000000000000007", 1, 0x1.5af1d78b58c40p+66},
    Nearest{"-1000000000000000000000000000001", 1, -0x1.a784379d99db4p+79},
    Nearest{"1267650600228229401496703205377", 1, 0x1.0c6f7a0b5ed8dp+80},
    Nearest{"170141183460469231731687303715884105727", 1, 0x1.0c6f7a0b5ed8dp+107},
    Nearest{"-6642583779432630", 1, -0x1.8bedc8e36ec0dp+32},
    Nearest{"-498206223305858197", 1, -0x1.cffd9eaf276edp+38},
    Nearest{"11512690273380071294629969751011741", 1, 0x1.299897f23876ep+93},
    Nearest{"105735660102939790555624091647867", 1, 0x1.5dd9967a82dbcp+86},
    Nearest{"1241325320744618060337490321", 1, 0x1.0d2b65c993433p+70},
    Nearest{"14916191425756061", 1, 0x1.bc898260e0c6ap+33},
    Nearest{"-744933818773413787", 1, -0x1.5ae308032ad3ep+39},
    Nearest{"25494759429382647", 1, 0x1.7be6ca01587d5p+34},
    Nearest{"-12883276089485243435444381244253", 1, -0x1.5504797adc15bp+83},
    Nearest{"-30694302455940525197604284377", 1, -0x1.9ffc410c92cbcp+74},
    Nearest{"-45460170633561772", 1, -0x1.52b464f131fa1p+35},
    Nearest{"-27239482871160089", 1, -0x1.95e6617dca3eep+34},
    Nearest{"-65886747220687855494024121", 1, -0x1.c92e5fc1d3871p+65},
    Nearest{"3286047991849438435312750689", 1, 0x1.6446274cb79f0p+71},
    Nearest{"12994502443262991031264303304", 1, 0x1.6037794a295a1p+73},
    Nearest{"-68415911877458304802", 1, -0x1.f1ca90feda927p+45},
    Nearest{"398303027325247114871931977", 1, 0x1.597909d0d6c0fp+68},
    Nearest{"-68305173408843087767", 1, -0x1.f0fc4cc76258bp+45},
    Nearest{"7290435323540098835497041546546", 1, 0x1.81f3d29c967b2p+82},
    Nearest{"-3213684626072266593549", 1, -0x1.6d5a8851d4595p+51},
    Nearest{"-2600990483144943516060", 1, -0x1.27b2c939fc1dfp+51},
    Nearest{"486779822093699052", 1, 0x1.c5595a8036cbdp+38},
    Nearest{"15341094500808638292181166463650738", 1, 0x1.8c8ed8fa6ecffp+93},
    Nearest{"6120687233187475413452670661", 1, 0x1.4bcd9941cb0ffp+72},
    Nearest{"252012580805724228717647829993", 1, 0x1.aaed08f8776cdp+77},
    Nearest{"54854751232831870975409403161948", 1, 0x1.6aff902ee0a4cp+85},
    Nearest{"60748383055104310588455615724358", 1, 0x1.91ffc38da70dap+85},
    Nearest{"-187054396787442385745012", 1, -0x1.4c467dcd18617p+57},
    Nearest{"-17887407559800173286189", 1, -0x1.fc6404ec6fab7p+53},
    Nearest{"-247887341682151907655038791183565", 1, -0x1.9a185f7037597p+87},
    Nearest{"-6852580", 11, -0x1.3ef4d9f77ec66p-1},
    Nearest{"21698947021", 12345, 0x1.c1f95f890c946p+0},
    Nearest{"-6716507289288438570180", 999983, -0x1.9057829fda7c6p+32},
    Nearest{"416972068617", 9, 0x1.69f475ae6b299p+15},
    Nearest{"-591855413629167066", 9, -0x1.e9f6833e2ed0fp+35},
    Nearest{"-15506", 11, -0x1.7187185304283p-10},
    Nearest{"-3753502795917", 1000, -0x1.d53016e776828p+11},
    Nearest{"3368347437861320", 11, 0x1.240721b7122dcp+28},
    Nearest{"-3071", 11, -0x1.24be4c75ac410p-12},
    Nearest{"871581260637", 1000000000000, 0x1.d3ed3761417c2p-21},
    Nearest{"-5786690555323189362719195364547", 12345, -0x1.9692e6c4423cdp+68},
    Nearest{"748595333293554635152119694540", 3, 0x1.a6b9288146790p+77},
    Nearest{"8", 11, 0x1.86739a3f15988p-21},
    Nearest{"5750352520917787256273", 999983, 0x1.56c0e8669290ep+32},
    Nearest{"-101734", 24, -0x1.15cd38742c696p-8},
    Nearest{"103602549765", 11, 0x1.26534f1561911p+13},
    Nearest{"-8841867964749450393221322", 7, -0x1.1878494c31d26p+60},
    Nearest{"695829001738009736185627819881670", 3, 0x1.7fb7ae83187bbp+87},
    Nearest{"8501952200200632190925632441", 3, 0x1.3342dbeb34c3ap+71},
    Nearest{"-2450982005", 9, -0x1.1054d24c38d59p+8},
    Nearest{"80438941520159241440", 999983, 0x1.32dafd4058ad0p+26},
    Nearest{"2117302368773665", 3, 0x1.508941021027cp+29},
    Nearest{"-841402362575157", 3, -0x1.0b797fe31147fp+28},
    Nearest{"-7387323077471493887027598562631", 1000000000000, -0x1.adffb124d7dfap+42},
    Nearest{"852231906099650730561858149818", 9, 0x1.40d4981970d8ap+76},
    Nearest{"95294784507521", 1000000000000, 0x1.8fb1fee879b17p-14},
    Nearest{"636555868857845266175461938291605", 12345, 0x1.5d690a76210eep+75},
    Nearest{"62963891970410121329956790579951", 12345, 0x1.147da7b537b35p+72},
    Nearest{"48110466984", 11, 0x1.115adc6eedb9dp+12},
    Nearest{"2731313030804", 999983, 0x1.5d9d2fd991384p+1},
};

struct Divided {
    std::int64_t millionths;
    std::int64_t divisor;
    int places;
    std::string_view decimal;
};

// Made with Python: round(Fraction), which rounds half to even.
constexpr Divided divided[] = {
    Divided{-39742680014, 7, 6, "-5677.525716"},
    Divided{720978113703, 5, 2, "144195.62"},
    Divided{-7610000, 40, 2, "-0.19"},
    Divided{-37600000, 6, 1, "-6.3"},
    Divided{-940000000, 40, 0, "-24"},
    Divided{6765000, 5, 2, "1.35"},
    Divided{-45450, 8, 4, "-0.0057"},
    Divided{-355, 1, 5, "-0.00036"},
    Divided{1860000000, 40, 0, "46"},
    Divided{31000, 40, 5, "0.00078"},
    Divided{3980000, 40, 3, "0.1"},
    Divided{-626848188124, 6, 2, "-104474.7"},
    Divided{-152000, 16, 3, "-0.01"},
    Divided{-345306926900, 3, 4, "-115102.309"},
    Divided{569079060568, 2, 0, "284540"},
    Divided{-2195, 5, 6, "-0.000439"},
    Divided{873000, 25, 3, "0.035"},
    Divided{-8295, 3, 5, "-0.00276"},
    Divided{595067706602, 16, 2, "37191.73"},
    Divided{398545891235, 25, 5, "15941.83565"},
    Divided{5055, 4, 6, "0.001264"},
    Divided{-14850, 9, 4, "-0.0016"},
    Divided{734000000, 1000, 0, "1"},
    Divided{-75500, 9, 3, "-0.008"},
    Divided{-749325047857, 16, 0, "-46833"},
    Divided{55500, 1000, 6, "0.000056"},
    Divided{5305, 1000, 6, "0.000005"},
    Divided{-13350000, 3, 1, "-4.4"},
    Divided{6500000, 1000, 2, "0.01"},
    Divided{-1935, 3, 5, "-0.00064"},
    Divided{27750, 3, 4, "0.0092"},
    Divided{952732135176, 6, 6, "158788.689196"},
    Divided{-7850, 16, 6, "-0.000491"},
    Divided{6420, 12, 5, "0.00054"},
    Divided{-8265000, 16, 2, "-0.52"},
    Divided{161500, 5, 3, "0.032"},
    Divided{324000, 8, 3, "0.04"},
    Divided{-1335, 6, 5, "-0.00022"},
    Divided{47750, 9, 4, "0.0053"},
    Divided{39600000, 8, 1, "5"},
};

[[nodiscard]] Decimal::Wide wide(std::string_view text) {
    Decimal::Wide value = 0;
    for (const char c : text) {
        if (c != '-') {
            value = value * 10 + (c - '0');
        }
    }
    return text.front() == '-' ? -value : value;
}

/// The spelling of `whole.fraction` rounded half to even to 6 places, by carrying digits as on paper.
[[nodiscard]] std::string round_on_paper(std::string whole, std::string fraction) {
    std::string rest = fraction.size() > 6 ? fraction.substr(6) : "";
    fraction.resize(6, '0');
    std::string digits = "0" + whole + fraction;
    const bool over_half =
        !rest.empty() && (rest[0] > '5' || (rest[0] == '5' && rest.find_first_not_of('0', 1) != std::string::npos));
    const bool half = !rest.empty() && rest[0] == '5' && !over_half;
    if (over_half || (half && (digits.back() - '0') % 2 == 1)) {
        std::size_t i = digits.size() - 1;
        for (; digits[i] == '9'; --i) {
            digits[i] = '0';
        }
        ++digits[i];
    }
    whole = digits.substr(0, digits.size() - 6);
    fraction = digits.substr(digits.size() - 6);
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    while (!fraction.empty() && fraction.back() == '0') {
        fraction.pop_back();
    }
    return fraction.empty() ? whole : whole + "." + fraction;
}

}  // namespace

TEST_CASE("a decimal is what its text spells, rounded half to even to six places", "[decimal]") {
    for (const auto& [text, decimal] : spelled) {
        CAPTURE(text);
        const auto parsed = Decimal::parse(text);
        REQUIRE(parsed.has_value() == (decimal != nullptr));
        if (parsed) {
            REQUIRE(parsed->to_string() == decimal);
        }
    }
}

TEST_CASE("text that JSON would not take for a number is no decimal", "[decimal]") {
    for (const std::string_view text :
         {"",      "-",    "+1",       ".5",        "1.",   "1.e3",  "1e",     "1e+",   "1e-", "e3",
          "01",    "-007", "00",       "1 ",        " 1",   "1,5",   "0x10",   "1.2.3", "--1", "1-",
          "1e1.5", "NaN",  "Infinity", "-Infinity", "null", "1_000", "\u0661", "1\n"}) {
        CAPTURE(text);
        REQUIRE_FALSE(Decimal::parse(text));
    }
    REQUIRE_FALSE(Decimal::parse(std::string_view{"1\0", 2}));
}

TEST_CASE("a number of any length is read to its end", "[decimal]") {
    const std::string zeros(1'000'000, '0');
    REQUIRE(Decimal::parse("0." + zeros + "1e1000001") == Decimal{1});
    REQUIRE(Decimal::parse("1" + zeros + "e-1000000") == Decimal{1});
    REQUIRE(Decimal::parse("0.0000005" + zeros) == Decimal{});
    REQUIRE(Decimal::parse("0.0000005" + zeros + "1")->to_string() == "0.000001");
    REQUIRE_FALSE(Decimal::parse("1e" + std::string(100, '9')));
    REQUIRE(Decimal::parse("1e-" + std::string(100, '9')) == Decimal{});
}

TEST_CASE("random numbers round as on paper", "[decimal]") {
    const auto seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto digits = [&](std::size_t most, std::string_view from) {
        std::string text;
        for (std::size_t i = 1 + random() % most; i > 0; --i) {
            text += from[random() % from.size()];
        }
        return text;
    };
    for (int i = 0; i < 20'000; ++i) {
        std::string whole = digits(15, "0123456789");
        whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
        const std::string fraction = digits(40, i % 2 == 0 ? "0123456789" : "000559");
        CAPTURE(whole, fraction);
        const std::string expected = round_on_paper(whole, fraction);
        std::string text = whole;
        text.append(".").append(fraction);
        const auto parsed = Decimal::parse(text);
        REQUIRE(parsed);
        REQUIRE(parsed->to_string() == expected);
        REQUIRE(Decimal::parse("-" + text) == -*parsed);
        std::string shifted = whole;
        shifted.append(fraction).append("e-").append(std::to_string(fraction.size()));
        REQUIRE(Decimal::parse(shifted) == (whole == "0" ? std::nullopt : parsed));  // a leading zero is no number
    }
}

TEST_CASE("what a decimal spells reads back the same", "[decimal]") {
    const auto seed = weir_tests::fresh_seed();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 20'000; ++i) {
        const Decimal::Wide range = (Decimal::Wide{2'000'000'000'000'000} * Decimal::scale) >> (random() % 64);
        const auto bits = static_cast<Decimal::Wide>(Decimal::UnsignedWide{random()} << 40 ^ random());
        const Decimal decimal = Decimal::from_millionths(range == 0 ? 0 : bits % (range / 2 + 1));
        CAPTURE(decimal.to_string());
        REQUIRE(Decimal::parse(decimal.to_string()) == decimal);
        REQUIRE((decimal.to_double() < 0) == (decimal < Decimal{}));
    }
    REQUIRE(Decimal::from_millionths(wide("170141183460469231731687303715884105727")).to_string() ==
            "170141183460469231731687303715884.105727");
}

TEST_CASE("sums and differences of decimals leave nothing behind", "[decimal]") {
    const auto of = [](std::string_view text) { return *Decimal::parse(text); };
    REQUIRE(of("0.1") + of("0.2") - of("0.3") == Decimal{});
    REQUIRE((of("42.99") * 2).to_string() == "85.98");
    REQUIRE((of("1e15") * 1'000'000'000).to_string() == "1000000000000000000000000");
    REQUIRE(of("-0.5") < of("-0.499999"));
    REQUIRE(-of("3.5") + of("3.5") == of("-0"));
}

TEST_CASE("a decimal becomes the nearest double", "[decimal]") {
    for (const auto& [millionths, divisor, value] : nearest) {
        CAPTURE(millionths, divisor);
        const Decimal decimal = Decimal::from_millionths(wide(millionths));
        if (divisor == 1) {
            REQUIRE(decimal.to_double() == value);
        }
        REQUIRE(weir::divide(decimal, divisor) == value);
        REQUIRE(weir::divide(decimal, -divisor) == -value);
    }
    REQUIRE(Decimal::parse("42.99")->to_double() == 42.99);
    REQUIRE(weir::divide(Decimal{}, 7) == 0.0);
    static_assert(weir::divide(Decimal{1}, 4) == 0.25);
    static_assert(Decimal::from_millionths(Decimal::Wide{1} << 100).to_double() > 1.26e24);
}

TEST_CASE("division to places rounds half to even", "[decimal]") {
    for (const auto& [millionths, divisor, places, decimal] : divided) {
        CAPTURE(millionths, divisor, places);
        REQUIRE(weir::divide_half_even(Decimal::from_millionths(millionths), divisor, places).to_string() == decimal);
    }
    REQUIRE(weir::divide_half_even(*Decimal::parse("0.05"), 2, 2).to_string() == "0.02");
    REQUIRE(weir::divide_half_even(*Decimal::parse("-0.07"), 2, 2).to_string() == "-0.04");
}
