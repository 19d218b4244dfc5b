# Writes a city database of the networks reserved for documentation with the published Perl writer: the reader is checked against a
# writer that is not its author's. usage: documentation-city.pl OUTPUT.mmdb RECORD-SIZE
use strict;
use warnings;
use utf8;
use MaxMind::DB::Writer::Tree;

my ($output, $record_size) = @ARGV;
my %types = (
    city => 'map', country => 'map', continent => 'map', location => 'map', names => 'map', traits => 'map', subdivisions => ['array', 'map'],
    iso_code => 'utf8_string', code => 'utf8_string', en => 'utf8_string', de => 'utf8_string', time_zone => 'utf8_string',
    latitude => 'double', longitude => 'double', accuracy_radius => 'uint16', geoname_id => 'uint32', is_anycast => 'boolean',
    big => 'uint64', huge => 'uint128', offset => 'int32', ratio => 'float', raw => 'bytes',
);
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version => 6, record_size => $record_size, database_type => 'Test-City', languages => ['en', 'de'], description => { en => 'documentation networks' },
    alias_ipv6_to_ipv4 => 1, remove_reserved_networks => 0, map_key_type_callback => sub { $types{ $_[0] } },
);

sub place {
    my ($country, $region, $city, $zone) = @_;
    return {
        city => { geoname_id => 1, names => { en => $city, de => "$city (de)" } },
        continent => { code => 'EU', names => { en => 'Europe' } },
        country => { iso_code => $country, geoname_id => 2, names => { en => "Country $country" } },
        location => { latitude => 48.2, longitude => -16.4, accuracy_radius => 20, time_zone => $zone },
        subdivisions => [{ iso_code => $region, names => { en => "Region $region" } }],
    };
}

$tree->insert_network('192.0.2.0/24', place('AT', '9', 'Wien', 'Europe/Vienna'));
$tree->insert_network('192.0.2.64/26', place('FR', 'OCC', 'Nîmes', 'Europe/Paris'));
$tree->insert_network('198.51.100.0/24', { country => { iso_code => 'US' } });
$tree->insert_network('203.0.113.0/24', { traits => {
    is_anycast => 1, big => '18446744073709551615', huge => '340282366920938463463374607431768211455', offset => -7, ratio => 0.5, raw => "\x01\x02",
} });
$tree->insert_network('2001:db8::/32', place('JP', '13', '東京', 'Asia/Tokyo'));
open my $out, '>:raw', $output or die "$output: $!\n";
$tree->write_tree($out);
close $out or die "$output: $!\n";
