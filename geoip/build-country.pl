#!/usr/bin/perl
# Builds a country database in the MaxMind DB format from the text files of Debian's package tor-geoipdb.
# usage: build-country.pl SOURCE-DIRECTORY OUTPUT.mmdb     (SOURCE-DIRECTORY holds geoip and geoip6)
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;
use Socket qw(inet_ntoa);

die "usage: $0 SOURCE-DIRECTORY OUTPUT.mmdb\n" unless @ARGV == 2;
my ($source, $output) = @ARGV;

my %types = (country => 'map', iso_code => 'utf8_string');
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version               => 6,
    record_size              => 24,
    database_type            => 'Edge-Free-Country',
    languages                => ['en'],
    description              => { en => 'Countries of the IPFire location database, CC BY-SA 4.0, by way of tor-geoipdb' },
    alias_ipv6_to_ipv4       => 0, # the data have records of their own for these networks
    remove_reserved_networks => 0,
    map_key_type_callback    => sub { $types{ $_[0] } },
);

my $ranges = 0;
for my $file ('geoip', 'geoip6') {
    open my $in, '<', "$source/$file" or die "$source/$file: $!\n";
    while (my $line = <$in>) {
        chomp $line;
        next if $line eq '' || $line =~ /^#/;
        my ($from, $to, $country) = split /,/, $line;
        die "$source/$file line $.: not FROM,TO,COUNTRY\n" unless defined $country;
        next unless $country =~ /^[A-Z]{2}$/;
        if ($file eq 'geoip') {
            ($from, $to) = map { inet_ntoa(pack 'N', $_) } $from, $to;
        }
        $tree->insert_range($from, $to, { country => { iso_code => $country } });
        $ranges++;
    }
    close $in;
}
die "$source: no country ranges found\n" unless $ranges;

open my $out, '>:raw', $output or die "$output: $!\n";
$tree->write_tree($out);
close $out or die "$output: $!\n";
print "$ranges ranges\n";
